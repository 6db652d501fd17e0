/**
 * What may happen to a store, as plain data: a failing sequence can be read and shrinks well. Numbers
 * are choices among what a side has learnt so far; weights lead to claimed shards with much in them.
 */
import fc from "fast-check";

const few = fc.nat(3);
const node = fc.nat(2);
const often = <const T>(usual: T, ...rare: readonly T[]) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(usual) },
    { weight: 2, arbitrary: fc.constantFrom(...rare) },
  );
const shard = often(1, 0);
/** Which claim of those made, the newest first. */
const of = often(0, 1, 2, 3);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 2, nil: undefined });

const kinds = {
  join: { node, as: often("again", "anew", "other-count") },
  beat: {
    node,
    state: often("up", "joining", "draining"),
    stats: fc.boolean(),
    former: often(false, true),
  },
  leave: { node, former: often(false, true) },
  cordon: { node: often(0, 1, 2, 3), cordoned: fc.boolean() },
  raise: { by: fc.integer({ min: -2, max: 2 }) },
  nodes: {},
  claim: {
    shard,
    node,
    seen: often("latest", "older", "none"),
    version: often(2, 0, 1, 3),
    floor: often(0, 1, 2, 3),
    notBefore: few,
    epochAhead: often(0, 5_000),
    afterLoss: fc.boolean(),
    dataset: often("present", "other"),
  },
  reclaim: { back: few },
  release: { of },
  check: { of, version: maybe(fc.integer({ min: 1, max: 4 })) },
  read: { of, after: often(0, 1, 2), limit: fc.integer({ min: 1, max: 5 }) },
  append: {
    shard,
    producer: few,
    jump: often(1, 0, 2, -1),
    other: often(false, true),
    count: fc.integer({ min: 1, max: 3 }),
    limit: maybe(fc.integer({ min: 1, max: 12 })),
    large: often(false, true),
  },
  appendOut: {
    shard,
    numbering: few,
    jump: often(1, 0, 2, -1),
    count: fc.integer({ min: 1, max: 3 }),
    lost: maybe(few),
    limit: maybe(fc.integer({ min: 1, max: 12 })),
  },
  resend: { back: few },
  commit: {
    of,
    jump: often(1, 0, 2),
    other: often(false, true),
    state: maybe(fc.constantFrom("x", "y", "removed")),
    handled: maybe(few),
    upTo: maybe(few),
    partial: maybe(few),
    local: maybe(few),
    timer: maybe(few),
    out: maybe(few),
    effect: maybe(few),
    deferral: maybe(few),
    closed: maybe(few),
    rows: maybe(few),
    reply: maybe(few),
    tries: maybe(few),
    dead: maybe(few),
    log: maybe(few),
    told: maybe(few),
    large: often(false, true),
  },
  recommit: { back: few },
  status: {
    node: often(0, 1, 2),
    jump: fc.constantFrom(1, 1, 1, 0, 2),
    former: often(false, true),
    reset: fc.boolean(),
    unit: few,
    large: often(false, true),
  },
  look: { of },
  compare: {
    of,
    epoch: fc.integer({ min: -2, max: 2 }),
    seq: few,
    batch: few,
    dataset: fc.boolean(),
  },
  acknowledge: { cluster: fc.boolean(), known: often(true, false) },
  event: {
    source: few,
    jump: often(1, 0, 2),
    count: fc.integer({ min: 1, max: 3 }),
    lost: maybe(few),
    keep: fc.integer({ min: 1, max: 6 }),
    audited: few,
  },
  events: {
    log: often("events", "audit"),
    after: fc.boolean(),
    from: few,
    limit: fc.integer({ min: 1, max: 4 }),
  },
  elect: { role: fc.nat(1) },
  term: { of: few, resign: fc.boolean() },
  advance: { ms: fc.constantFrom(1, 40, 120, 400, 800, 2_000) },
  advanceFar: { ms: fc.constantFrom(-3_000, 10_000, 310_000, 90_000_000) },
  crash: { node },
  restart: {},
  flush: {},
  loseShard: { shard },
  snapshot: {},
  rollback: {},
} as const;

export type Op = keyof typeof kinds;
type Values<R> = { readonly [K in keyof R]: R[K] extends fc.Arbitrary<infer V> ? V : never };
export type StepOf<O extends Op> = { readonly op: O } & Values<(typeof kinds)[O]>;
export type Step = { readonly [O in Op]: StepOf<O> }[Op];

/** How often each happens, relative to the others. */
const weights: Readonly<Record<Op, number>> = {
  join: 2,
  beat: 6,
  leave: 1,
  cordon: 1,
  raise: 1,
  nodes: 2,
  claim: 6,
  reclaim: 1,
  release: 1,
  check: 1,
  read: 2,
  append: 8,
  appendOut: 5,
  resend: 2,
  commit: 16,
  recommit: 2,
  status: 5,
  look: 3,
  compare: 2,
  acknowledge: 1,
  event: 3,
  events: 1,
  elect: 1,
  term: 1,
  advance: 5,
  advanceFar: 1,
  crash: 1,
  restart: 1,
  flush: 1,
  loseShard: 1,
  snapshot: 1,
  rollback: 1,
};

const arbitraryOf = (op: Op): fc.Arbitrary<Step> =>
  fc.record({ op: fc.constant(op), ...kinds[op] }) as unknown as fc.Arbitrary<Step>;

const ops = Object.keys(kinds) as readonly Op[];
const anyStep = fc.oneof(...ops.map((op) => ({ weight: weights[op], arbitrary: arbitraryOf(op) })));
/** What most sequences begin with, so that there is something to disturb. */
const beginning = fc.tuple(
  arbitraryOf("join"),
  arbitraryOf("join"),
  arbitraryOf("claim"),
  arbitraryOf("append"),
);

export const sequences = (most: number): fc.Arbitrary<readonly Step[]> =>
  fc
    .tuple(beginning, fc.array(anyStep, { minLength: 1, maxLength: most, size: "max" }))
    .map(([first, rest]) => [...first, ...rest]);
