/** From what a socket delivered to a frame of veneerd.v1, or to an error that says what is wrong with it. */
import { COMMAND_SCHEMAS, type Command, type CommandType } from '../../../protocol/commands.ts';
import { type WireError, wireError } from '../../../protocol/errors.ts';
import { CLIENT_FRAMES, type ClientFrame } from '../../../protocol/frames.ts';
import { type Valid, validator } from '../../../protocol/validate.ts';
import { FRAME_BYTES } from '../../limits.ts';
import { parseJson } from '../../pipelines/json.ts';

export type ReadFrame =
  | { readonly ok: true; readonly frame: ClientFrame }
  /** `id` and `machine` where the frame is a command that could be read that far. */
  | { readonly ok: false; readonly error: WireError; readonly id?: string; readonly machine?: string };

const frames = {
  subscribe: validator(CLIENT_FRAMES.subscribe, 'subscribe'),
  unsubscribe: validator(CLIENT_FRAMES.unsubscribe, 'unsubscribe'),
  command: validator(CLIENT_FRAMES.command, 'command'),
} as const;

const commands = Object.fromEntries(
  Object.entries(COMMAND_SCHEMAS).map(([type, schema]) => [type, validator(schema, type)]),
) as Record<CommandType, (value: unknown) => Valid<Command>>;

export function readFrame(data: Buffer, isBinary: boolean): ReadFrame {
  if (isBinary) return bad('expected a text frame, this one is binary');
  if (data.length > FRAME_BYTES) return bad(`a frame has at most ${FRAME_BYTES} bytes, this one has ${data.length}`);
  const parsed = parseJson(data.toString());
  if (!parsed.ok) return bad(parsed.message);
  const raw = parsed.value;
  if (!isRecord(raw)) return bad('expected a JSON object');
  const { type } = raw;
  if (typeof type !== 'string' || !Object.hasOwn(frames, type)) {
    return bad(`type: expected one of ${Object.keys(frames).join(', ')}`);
  }
  if (type !== 'command') return check(raw, type as keyof typeof frames, {});
  const { id, machine } = raw;
  const about = typeof id === 'string' && typeof machine === 'string' ? { id, machine } : {};
  const command = readCommand(raw.command);
  return command.ok
    ? check(raw, type, about)
    : { ok: false, error: wireError('bad-command', command.message), ...about };
}

/** Checks a command by the schema of its type, so that the error speaks of that one. */
export function readCommand(raw: unknown): Valid<Command> {
  const type = isRecord(raw) ? raw.type : undefined;
  if (typeof type !== 'string' || !Object.hasOwn(commands, type)) {
    return { ok: false, message: `/command/type: expected one of ${Object.keys(commands).join(', ')}` };
  }
  return commands[type as CommandType](raw);
}

function check(
  raw: unknown,
  type: keyof typeof frames,
  about: { readonly id?: string; readonly machine?: string },
): ReadFrame {
  const valid = frames[type](raw);
  return valid.ok ? { ok: true, frame: valid.value } : { ...bad(valid.message), ...about };
}

const bad = (message: string): { readonly ok: false; readonly error: WireError } => ({
  ok: false,
  error: wireError('bad-frame', message),
});

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
