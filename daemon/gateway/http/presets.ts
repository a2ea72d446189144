/** The invented machines that a boot can name, over HTTP. */
import type { FastifyInstance } from 'fastify';
import type { PresetAnswer } from '../../../protocol/presets.ts';
import { PRESETS } from '../../kernel/machine/presets.ts';

/** In the order of PRESETS, which begins with the one that a boot takes unless told. */
export function presetsRoute(app: FastifyInstance): void {
  const all: readonly PresetAnswer[] = [...PRESETS].map(([name, profile]) => ({ name, profile }));
  app.get('/presets', async () => all);
}
