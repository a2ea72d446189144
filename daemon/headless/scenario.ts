/** A scenario: a machine and a list of steps, and the commands that the steps are. Its format is a fixed contract. */
import Type from 'typebox';
import type { Command } from '../../protocol/commands.ts';
import { MachineProfileSchema } from '../../protocol/profile.ts';
import { ErrnoSchema, LooseHexSchema } from '../../protocol/schema.ts';
import { type Valid, validator } from '../../protocol/validate.ts';

const Updates = Type.Optional(Type.Array(Type.Object({ key: Type.String(), func: Type.String() })));

const LoadStep = Type.Object({
  op: Type.Literal('load'),
  module: Type.String({ minLength: 1, description: 'a path below the modules folder' }),
  failAllocation: Type.Optional(Type.Integer({ minimum: 1 })),
  init: Type.Optional(Type.Object({ result: Type.Optional(ErrnoSchema), updates: Updates })),
  percpu: Type.Optional(LooseHexSchema),
  fallbackAt: Type.Optional(Type.Record(Type.String(), LooseHexSchema)),
});

const UnloadStep = Type.Object({
  op: Type.Literal('unload'),
  name: Type.String({ minLength: 1 }),
  held: Type.Optional(Type.Boolean()),
  exit: Type.Optional(Type.Object({ updates: Updates })),
});

const UpdateStep = Type.Object({ op: Type.Literal('update'), key: Type.String(), func: Type.String() });

export const ScenarioSchema = Type.Object({
  format: Type.Literal('veneerd/scenario@1'),
  machine: MachineProfileSchema,
  steps: Type.Array(Type.Union([LoadStep, UnloadStep, UpdateStep])),
});
export type Scenario = Type.Static<typeof ScenarioSchema>;
export type Step = Scenario['steps'][number];

const valid = validator(ScenarioSchema, 'scenario');

/** Reads the text of a scenario file; the message says where it is wrong. */
export function readScenario(text: string): Valid<Scenario> {
  try {
    return valid(JSON.parse(text));
  } catch (error) {
    return { ok: false, message: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** The command of a step; a load names its module by the sha256 of the file's bytes. */
export function commandOf(step: Step, blobOf: (module: string) => string): Command {
  if (step.op === 'load') {
    const { op: _, module, ...rest } = step;
    return { type: 'load', blob: blobOf(module), file: module, ...rest };
  }
  if (step.op === 'update') return { type: 'update', key: step.key, func: step.func };
  const { op: _, name, ...rest } = step;
  return { type: 'unload', module: name, ...rest };
}
