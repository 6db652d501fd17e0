/**
 * What the seed of a run makes of the sky: how slow the links are, which faults there are and how
 * often. Each run has only some kinds of faults, since some bugs need others to be absent.
 */
import { randomFor } from "./chance.ts";
import {
  type CallFault,
  type CallFaultKind,
  callFaults,
  type FaultKind,
  type HintFaultKind,
  lossFaults,
  nodeFaults,
  storeFaults,
  type TimedFault,
} from "./fault.ts";

/** A fault of a call that strikes the first call of an operation from some time on. */
export interface Trigger extends Omit<CallFault, "nth"> {
  readonly after: number;
}

export interface Weather {
  readonly delayMs: readonly [number, number];
  readonly messageDelayMs: readonly [number, number];
  /** A call without an answer is given up after this time. */
  readonly timeoutMs: number;
  /** Share of calls, or of hints, that each kind strikes. */
  readonly rates: Readonly<Partial<Record<CallFaultKind | HintFaultKind, number>>>;
  readonly timed: readonly TimedFault[];
  readonly triggers: readonly Trigger[];
}

/** Operations of the ports that nodes call by themselves. */
export const portCalls = [
  "append",
  "check",
  "claim",
  "commit",
  "cordon",
  "fetch",
  "heartbeat",
  "inspect",
  "join",
  "leave",
  "list",
  "listStatus",
  "load",
  "raiseVersion",
  "read",
  "release",
  "statusVersions",
  "subscribe",
  "versions",
  "writeStatus",
] as const;

const topics = ["wake", "replies", "view", "status", "membership", "ownership"];

const rateOf = {
  "lose-request": 0.04,
  "lose-reply": 0.06,
  copy: 0.06,
  slow: 0.02,
  "lose-hint": 0.2,
  "double-hint": 0.1,
  "slow-hint": 0.05,
} as const;

/** Shortest and longest time of a fault, or size of a jump, in milliseconds. */
const spans: Partial<Record<FaultKind, readonly [number, number]>> = {
  kill: [50, 3_000],
  stop: [50, 2_000],
  freeze: [60, 4_000],
  suspend: [100, 4_000],
  cut: [100, 4_000],
  deaf: [200, 4_000],
  drain: [300, 3_000],
  mute: [200, 3_000],
  "jump-wall": [-3_600_000, 3_600_000],
  "jump-monotonic": [10, 20_000],
  "stall-store": [100, 3_500],
  "restart-store": [10, 1_500],
  "shift-store": [-2_000, 20_000],
  "roll-back": [20, 3_000],
  "wipe-store": [10, 1_000],
  "crash-before": [50, 2_500],
  "crash-after": [50, 2_500],
  "freeze-before": [60, 3_500],
  "freeze-after": [60, 3_500],
};

const causes: Readonly<Record<string, "kill" | "stop" | "drain">> = {
  cordon: "drain",
  join: "kill",
  leave: "stop",
  release: "stop",
};

export interface WeatherOptions {
  readonly seed: number;
  readonly nodes: readonly string[];
  readonly kinds: readonly FaultKind[];
  /** When faults begin and end, in virtual milliseconds. */
  readonly from: number;
  readonly until: number;
}

/** Draws the weather of a run. */
export const drawWeather = ({ seed, nodes, kinds, from, until }: WeatherOptions): Weather => {
  const random = randomFor(seed, "weather");
  const present = new Set<FaultKind>(kinds.filter(() => random.chance(0.5)));
  const some = <K extends FaultKind>(list: readonly K[]) =>
    list.filter((kind) => present.has(kind));
  const span = (kind: FaultKind) => {
    const [least, most] = spans[kind] ?? [0, 0];
    // Short ones are as likely as long ones: the square of a draw lies low.
    const drawn = random.draw();
    return least < 0
      ? random.between(least, most)
      : Math.round(least + (most - least) * drawn ** 2);
  };

  const slow = random.pick([1, 10, 30]);
  const rates: Partial<Record<keyof typeof rateOf, number>> = {};
  for (const kind of Object.keys(rateOf) as (keyof typeof rateOf)[]) {
    if (present.has(kind)) rates[kind] = rateOf[kind] * random.pick([0.2, 0.5, 1]);
  }

  const timed: TimedFault[] = [];
  const timedKinds = [
    ...some(nodeFaults),
    ...some(storeFaults).filter((kind) => !(lossFaults as readonly string[]).includes(kind)),
    ...(present.has("mute") ? (["mute"] as const) : []),
  ];
  const count = timedKinds.length === 0 ? 0 : random.between(2, 4 + 2 * nodes.length);
  for (let i = 0; i < count; i++) {
    const kind = random.pick(timedKinds);
    const target =
      kind === "mute"
        ? random.pick(topics)
        : (storeFaults as readonly string[]).includes(kind)
          ? "store"
          : random.pick(nodes);
    timed.push({ kind, target, at: random.between(from, until), ms: span(kind) });
  }
  const losses = some(lossFaults);
  if (losses.length > 0 && random.chance(0.4)) {
    const kind = random.pick(losses);
    timed.push({ kind, target: "store", at: random.between(from, until), ms: span(kind) });
  }

  const triggers: Trigger[] = [];
  const triggerKinds = some(callFaults).filter((kind) => kind in spans);
  for (let i = triggerKinds.length === 0 ? 0 : random.between(1, 2 * nodes.length); i > 0; i--) {
    const kind = random.pick(triggerKinds);
    const target = random.pick(nodes);
    const op = random.pick(portCalls);
    const after = random.between(from, until);
    triggers.push({ kind, target, op, after, ms: span(kind) });
    // What nodes call only when they begin or end.
    const cause = causes[op];
    if (cause) timed.push({ kind: cause, target, at: after + 50, ms: span(cause) });
  }
  return {
    delayMs: [0, slow],
    messageDelayMs: [0, slow * 2],
    timeoutMs: random.pick([200, 400, 1_000]),
    rates,
    timed: timed.sort((left, right) => left.at - right.at),
    triggers,
  };
};
