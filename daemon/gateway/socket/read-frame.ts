/** From what a socket delivered to a frame of veneerd.v1, or to an error that says what is wrong with it. */
import { COMMAND_SCHEMAS, type Command, type CommandType } from '../../../protocol/commands.ts';
import { type WireError, wireError } from '../../../protocol/errors.ts';
import { CLIENT_FRAMES, type ClientFrame } from '../../../protocol/frames.ts';
import { parseJson } from '../../../protocol/json.ts';
import { type Valid, validator } from '../../../protocol/validate.ts';
import { FRAME_BYTES } from '../../limits.ts';

export type ReadFrame =
  | { readonly ok: true; readonly frame: ClientFrame }
  | { readonly ok: false; readonly error: WireError; readonly about: About };

/** What a frame in error was about, as far as it could be read. */
export type About =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'command'; readonly id: string; readonly machine: string }
  | { readonly kind: 'subscription'; readonly subscription: number };

/** What is longer is not sent back. */
const ECHO_CHARS = 1024;

const frames = {
  subscribe: validator(CLIENT_FRAMES.subscribe, 'subscribe'),
  unsubscribe: validator(CLIENT_FRAMES.unsubscribe, 'unsubscribe'),
  replay: validator(CLIENT_FRAMES.replay, 'replay'),
  control: validator(CLIENT_FRAMES.control, 'control'),
  command: validator(CLIENT_FRAMES.command, 'command'),
  beat: validator(CLIENT_FRAMES.beat, 'beat'),
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
  const about = aboutOf(type, raw);
  if (type === 'command') {
    const command = readCommand(raw.command);
    if (!command.ok) return { ok: false, error: wireError('bad-command', command.message), about };
  }
  const valid = frames[type as keyof typeof frames](raw);
  return valid.ok ? { ok: true, frame: valid.value } : { ...bad(valid.message), about };
}

function aboutOf(type: string, { id, machine, subscription }: Record<string, unknown>): About {
  const isEcho = (value: unknown): value is string => typeof value === 'string' && value.length <= ECHO_CHARS;
  if (type === 'command' && isEcho(id) && isEcho(machine)) return { kind: 'command', id, machine };
  const isId = Number.isInteger(subscription) && Number(subscription) >= 0 && Number(subscription) <= 0xffffffff;
  return (type === 'subscribe' || type === 'replay') && isId
    ? { kind: 'subscription', subscription: Number(subscription) }
    : NOTHING;
}

const NOTHING: About = { kind: 'nothing' };

/** Checks a command by the schema of its type, so that the error speaks of that one. */
export function readCommand(raw: unknown): Valid<Command> {
  const type = isRecord(raw) ? raw.type : undefined;
  if (typeof type !== 'string' || !Object.hasOwn(commands, type)) {
    return { ok: false, message: `/command/type: expected one of ${Object.keys(commands).join(', ')}` };
  }
  return commands[type as CommandType](raw);
}

const bad = (message: string): Extract<ReadFrame, { ok: false }> => ({
  ok: false,
  error: wireError('bad-frame', message),
  about: NOTHING,
});

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
