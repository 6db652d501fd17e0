/**
 * Faults as plain data, each with a short text form, so that what happened in a run can be printed,
 * given again and made smaller:
 *
 *   freeze:n2@2896+3470          from 2,896 ms on, for 3,470 ms
 *   roll-back:store@5000+400     at 5,000 ms, to how it was 400 ms before
 *   crash-after:n1.commit#12+900 the 12th commit of n1 takes effect, then n1 ends for 900 ms
 *   lose-hint:n3~view#7          the 7th hint about views on its way to n3
 */

/** Of one node, at an instant; `ms` is how long it lasts, or by how much a clock jumps. */
export const nodeFaults = [
  /** The process ends without a word and is started again after `ms`. */
  "kill",
  /** The process is stopped in order and started again `ms` later. */
  "stop",
  /** The process stands still, its clocks go on: also an event loop that is blocked. */
  "freeze",
  /** The machine is suspended: the monotonic clock stands still too. */
  "suspend",
  /** Nothing gets through between process and store, connections seem to stand. */
  "cut",
  /** No hint reaches the process. */
  "deaf",
  /** An administrator keeps shards away from the node. */
  "drain",
  "jump-wall",
  "jump-monotonic",
] as const;

/** Of the store, at an instant. */
export const storeFaults = [
  /** Nothing is executed for `ms`. */
  "stall-store",
  /** Restarts with its data and executes nothing for `ms`. */
  "restart-store",
  /** Its time jumps by `ms`. */
  "shift-store",
  /** Goes back to how it was `ms` before, as a fail-over that lost the last writes. */
  "roll-back",
  /** Restarts without data. */
  "wipe-store",
  /** All data is dropped while connections stand, as by FLUSHALL. */
  "flush-store",
] as const;

/** Of one topic on its way to everybody. */
export const topicFaults = ["mute"] as const;

/** Of one call. */
export const callFaults = [
  "lose-request",
  "lose-reply",
  /** A copy is executed `ms` late as well. */
  "copy",
  /** Takes `ms` longer. */
  "slow",
  "crash-before",
  "crash-after",
  "freeze-before",
  "freeze-after",
] as const;

/** Of one hint on its way to one node. */
export const hintFaults = ["lose-hint", "double-hint", "slow-hint"] as const;

/** Faults that lose acknowledged data: promises about it no longer hold. */
export const lossFaults = ["roll-back", "wipe-store", "flush-store"] as const;

export type NodeFaultKind = (typeof nodeFaults)[number];
export type StoreFaultKind = (typeof storeFaults)[number];
export type CallFaultKind = (typeof callFaults)[number];
export type HintFaultKind = (typeof hintFaults)[number];
export type FaultKind =
  | NodeFaultKind
  | StoreFaultKind
  | (typeof topicFaults)[number]
  | CallFaultKind
  | HintFaultKind;

export const faultKinds: readonly FaultKind[] = [
  ...nodeFaults,
  ...storeFaults,
  ...topicFaults,
  ...callFaults,
  ...hintFaults,
];

export interface TimedFault {
  readonly kind: NodeFaultKind | StoreFaultKind | "mute";
  /** A node, `store`, or a topic. */
  readonly target: string;
  /** Virtual milliseconds since the run began. */
  readonly at: number;
  readonly ms: number;
}
export interface CallFault {
  readonly kind: CallFaultKind;
  readonly target: string;
  readonly op: string;
  /** Counted from 1 over all runs of the node. */
  readonly nth: number;
  readonly ms: number;
}
export interface HintFault {
  readonly kind: HintFaultKind;
  readonly target: string;
  readonly topic: string;
  readonly nth: number;
  readonly ms: number;
}
export type Fault = TimedFault | CallFault | HintFault;

const has = <K extends string>(kinds: readonly K[], kind: string): kind is K =>
  (kinds as readonly string[]).includes(kind);

export const isLoss = (fault: Fault): boolean => has(lossFaults, fault.kind);

const signed = (ms: number): string => (ms === 0 ? "" : ms > 0 ? `+${ms}` : `${ms}`);

/** The short text of a fault; {@link parseFault} reads it. */
export const formatFault = (fault: Fault): string => {
  const where =
    "at" in fault
      ? `@${fault.at}`
      : "op" in fault
        ? `.${fault.op}#${fault.nth}`
        : `~${fault.topic}#${fault.nth}`;
  return `${fault.kind}:${fault.target}${where}${signed(fault.ms)}`;
};

const pattern = /^([a-z-]+):([a-z0-9_-]+)(?:@(\d+)|\.([A-Za-z]+)#(\d+)|~([a-z]+)#(\d+))([+-]\d+)?$/;

/**
 * Reads the short text of a fault.
 * @throws Error for what is none
 */
export const parseFault = (text: string): Fault => {
  const [, kind = "", target = "", at, op, opNth, topic, topicNth, by = "0"] =
    pattern.exec(text.trim()) ?? [];
  const ms = Number(by);
  if (at !== undefined) {
    if (has(nodeFaults, kind) || has(storeFaults, kind) || has(topicFaults, kind)) {
      return { kind, target, at: Number(at), ms };
    }
  } else if (op !== undefined && has(callFaults, kind)) {
    return { kind, target, op, nth: Number(opNth), ms };
  } else if (topic !== undefined && has(hintFaults, kind)) {
    return { kind, target, topic, nth: Number(topicNth), ms };
  }
  throw new Error(
    `"${text}" is no fault: write KIND:NODE@AT+MS, KIND:NODE.CALL#NTH+MS or KIND:NODE~TOPIC#NTH+MS.`,
  );
};

/** Reads a list separated by commas. @throws Error as {@link parseFault} does */
export const parseFaults = (text: string): readonly Fault[] =>
  text
    .split(",")
    .filter((part) => part.trim() !== "")
    .map(parseFault);

export const formatFaults = (faults: readonly Fault[]): string => faults.map(formatFault).join(",");
