/**
 * `veneerd.v1`: the JSON text frames of the WebSocket, and the JSON bodies of HTTP. docs/protocol.md tells the story.
 * Where a frame holds a commit, the daemon splices in the text that the log keeps: it is never encoded again.
 */
import Type from 'typebox';
import { CommandSchema } from './commands.ts';
import { CommandIdSchema, CommitSchema, EpochSchema, type Position, PositionSchema } from './commit.ts';
import { WireErrorSchema } from './error-schema.ts';
import { FilterSchema } from './filter.ts';
import { MachineNameSchema, Sha256Schema, SizeSchema } from './schema.ts';
import type { ViewJson } from './view/json.ts';
import { type ServerFrameType, SUBPROTOCOL } from './wire.ts';

const closed = { additionalProperties: false };

/** Chosen by the client, unique among its open subscriptions on one connection. */
export const SubscriptionIdSchema = Type.Integer({ minimum: 0, maximum: 0xffffffff });

/** A position to go on from. `id`: of the commit at it, so that a client which had one that the store has lost is told so. */
export const ResumeSchema = Type.Object({ ...PositionSchema.properties, id: Type.Optional(CommandIdSchema) }, closed);

/** Where a subscription begins. A position is exclusive: delivery starts with the commit after it. */
export const FromSchema = Type.Union([ResumeSchema, Type.Literal('start'), Type.Literal('now')]);
export type From = Type.Static<typeof FromSchema>;

export const SubscribeFrame = Type.Object(
  {
    type: Type.Literal('subscribe'),
    subscription: SubscriptionIdSchema,
    machine: MachineNameSchema,
    from: FromSchema,
    filter: Type.Optional(FilterSchema),
    view: Type.Optional(Type.Literal(true, { description: 'begin with the view at the position' })),
  },
  closed,
);

export const PaceSchema = Type.String({
  pattern: '^(instant|original|x(0\\.[0-9]{0,2}[1-9]|[1-9][0-9]{0,5}(\\.[0-9]{1,3})?))$',
  description: 'instant, original (as the times of the commits say), or xN: N times as fast',
});

/** A subscription that plays what is there, at a pace, from a position to commit `to` or to where the log ends now. */
export const ReplayFrame = Type.Object(
  {
    type: Type.Literal('replay'),
    subscription: SubscriptionIdSchema,
    machine: MachineNameSchema,
    from: FromSchema,
    to: Type.Optional(Type.Integer({ minimum: 1 })),
    pace: PaceSchema,
    paused: Type.Optional(Type.Literal(true)),
    filter: Type.Optional(FilterSchema),
    view: Type.Optional(
      Type.Literal(true, { description: 'begin with the view at the position, and after each seek' }),
    ),
  },
  closed,
);

/** Tells a replay what to do next. The daemon answers with `state`, several that come together with one. */
export const ControlFrame = Type.Object(
  {
    type: Type.Literal('control'),
    subscription: SubscriptionIdSchema,
    play: Type.Optional(Type.Boolean({ description: 'false: pause' })),
    seek: Type.Optional(Type.Integer({ minimum: 0, description: 'go on after this commit' })),
    step: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'so many commits, then pause' })),
    pace: Type.Optional(PaceSchema),
  },
  closed,
);

export const UnsubscribeFrame = Type.Object(
  { type: Type.Literal('unsubscribe'), subscription: SubscriptionIdSchema },
  closed,
);

/** The same `id` sent again is answered with the first commit. `expected`: refused with version-conflict if the log is elsewhere. */
export const CommandFrame = Type.Object(
  {
    type: Type.Literal('command'),
    id: CommandIdSchema,
    machine: MachineNameSchema,
    command: CommandSchema,
    expected: Type.Optional(PositionSchema),
  },
  closed,
);

/** Answered with one of the same kind: for clients that have heard nothing for `limits.silenceMs`. */
export const BeatFrame = Type.Object({ type: Type.Literal('beat') }, closed);

export const CLIENT_FRAMES = {
  subscribe: SubscribeFrame,
  unsubscribe: UnsubscribeFrame,
  replay: ReplayFrame,
  control: ControlFrame,
  command: CommandFrame,
  beat: BeatFrame,
} as const;
export type ClientFrame = {
  [T in keyof typeof CLIENT_FRAMES]: Type.Static<(typeof CLIENT_FRAMES)[T]>;
}[keyof typeof CLIENT_FRAMES];
export const ClientFrameSchema = Type.Unsafe<ClientFrame>(Type.Union(Object.values(CLIENT_FRAMES)));

export const LimitsSchema = Type.Object({
  frameBytes: Type.Integer({ description: 'longest frame that a client may send' }),
  subscriptions: Type.Integer({ description: 'open at the same time on one connection' }),
  commands: Type.Integer({ description: 'unanswered at the same time on one connection' }),
  uploadBytes: Type.Integer({ description: 'largest module file, before and after decompression' }),
  silenceMs: Type.Optional(
    Type.Integer({ description: 'milliseconds without a frame after which to ask for a beat; three times that: dead' }),
  ),
});
export type WireLimits = Type.Static<typeof LimitsSchema>;

/** Always the first frame of a connection. */
export const HelloFrame = Type.Object({
  type: Type.Literal('hello'),
  protocol: Type.Literal(SUBPROTOCOL),
  version: Type.String({ description: 'of the daemon' }),
  limits: LimitsSchema,
  features: Type.Optional(
    Type.Array(Type.String(), {
      description:
        'what came to veneerd.v1 after its first release and may be used: `beat` frames, `commit-ids` in positions to go on from',
    }),
  ),
});

/** The subscription exists; the next commit that it delivers follows `position`. */
export const SubscribedFrame = Type.Object({
  type: Type.Literal('subscribed'),
  subscription: SubscriptionIdSchema,
  position: PositionSchema,
});

/**
 * The next commits of a subscription, in order. With a filter: those events of them that it lets through, no commit where
 * there is none, and what was looked at: all after commit `after` up to commit `through`.
 */
export const CommitsFrame = Type.Object({
  type: Type.Literal('commits'),
  subscription: SubscriptionIdSchema,
  epoch: EpochSchema,
  after: Type.Optional(Type.Integer({ minimum: 0 })),
  through: Type.Optional(Type.Integer({ minimum: 1 })),
  commits: Type.Array(CommitSchema),
});

/** The machine at a position, in the form of protocol/view/json.ts. The next commit that is delivered follows it. */
export const ViewFrame = Type.Object({
  type: Type.Literal('view'),
  subscription: SubscriptionIdSchema,
  position: PositionSchema,
  view: Type.Unsafe<ViewJson>(Type.Object({})),
});

/** What a replay does from here on. `ended`: all up to its end was delivered; it can still be told to seek. */
export const StateFrame = Type.Object({
  type: Type.Literal('state'),
  subscription: SubscriptionIdSchema,
  position: PositionSchema,
  state: Type.Enum(['playing', 'paused', 'ended']),
  pace: PaceSchema,
});

/** All commits up to `position` were delivered, and it was the newest. Sent again after every time the subscription fell behind. */
export const LiveFrame = Type.Object({
  type: Type.Literal('live'),
  subscription: SubscriptionIdSchema,
  position: PositionSchema,
});

/** Nothing more comes on this subscription; without `error` because the client unsubscribed. */
export const EndFrame = Type.Object({
  type: Type.Literal('end'),
  subscription: SubscriptionIdSchema,
  error: Type.Optional(WireErrorSchema),
});

/** A command was done: `commit` holds its events. `repeated`: it had been done before, under the same id. */
export const ResultFrame = Type.Object({
  type: Type.Literal('result'),
  id: CommandIdSchema,
  machine: MachineNameSchema,
  position: PositionSchema,
  repeated: Type.Boolean(),
  commit: CommitSchema,
});

const EchoSchema = Type.Optional(Type.String({ maxLength: 1024, description: 'as it was sent' }));

/** The daemon is there. */
export const BeatenFrame = Type.Object({ type: Type.Literal('beat') });

/** The command `id` to `machine` was refused and left nothing in the log; without both the frame itself was not understood. */
export const ErrorFrame = Type.Object({
  type: Type.Literal('error'),
  id: EchoSchema,
  machine: EchoSchema,
  error: WireErrorSchema,
});

export const SERVER_FRAMES = {
  hello: HelloFrame,
  subscribed: SubscribedFrame,
  view: ViewFrame,
  commits: CommitsFrame,
  state: StateFrame,
  live: LiveFrame,
  end: EndFrame,
  result: ResultFrame,
  error: ErrorFrame,
  beat: BeatenFrame,
} as const satisfies Record<ServerFrameType, unknown>;
export type ServerFrame = {
  [T in keyof typeof SERVER_FRAMES]: Type.Static<(typeof SERVER_FRAMES)[T]>;
}[keyof typeof SERVER_FRAMES];

/** POST /tickets: good for one WebSocket, as `?ticket=` in its address, for so many milliseconds. */
export const TicketSchema = Type.Object({ ticket: Type.String(), milliseconds: Type.Integer() });
export type Ticket = Type.Static<typeof TicketSchema>;

/** GET /machines/:name, and GET /machines of each one that is whole */
export const MachineSummarySchema = Type.Object({ name: MachineNameSchema, position: PositionSchema });
export type MachineSummary = Type.Static<typeof MachineSummarySchema>;

/** GET /machines of one that can't be used: `damaged` says why. */
export const DamagedSummarySchema = Type.Object({ name: MachineNameSchema, damaged: Type.String() });
export type DamagedSummary = Type.Static<typeof DamagedSummarySchema>;

/** POST /machines/:name/commands */
export const CommandBodySchema = Type.Object(
  { id: CommandIdSchema, command: CommandSchema, expected: Type.Optional(PositionSchema) },
  closed,
);
export type CommandBody = Type.Static<typeof CommandBodySchema>;

/** POST /machines/:name/commands answers this. */
export const DoneSchema = Type.Object({ position: PositionSchema, repeated: Type.Boolean(), commit: CommitSchema });
export type Done = Type.Static<typeof DoneSchema>;

/** The answer to GET /machines/:name/view; `view` has the form of protocol/view/json.ts. */
export interface ViewAnswer {
  readonly position: Position;
  readonly view: ViewJson;
}

/** The answer to a session or to recorded commits that were taken in. */
export const ImportedSchema = Type.Object({ position: PositionSchema });
export type Imported = Type.Static<typeof ImportedSchema>;

/** POST /blobs: `size` is that of the file after decompression, `name` the module's, where the bytes say it. */
export const StoredBlobSchema = Type.Object({
  sha256: Sha256Schema,
  size: SizeSchema,
  name: Type.Union([Type.String(), Type.Null()]),
});
export type StoredBlob = Type.Static<typeof StoredBlobSchema>;
