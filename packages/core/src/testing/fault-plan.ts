/** What goes wrong between nodes and their store, and how often; may be replaced while running. */
export interface FaultPlan {
  /** Time a request takes to the store, and its answer back: drawn from this range each, in ms. */
  readonly delayMs: readonly [min: number, max: number];
  /** Share of calls that never reach the store. */
  readonly loseRequest: number;
  /** Share of calls that are executed and whose answer is lost. */
  readonly loseReply: number;
  /** Share of writes of which a late copy is executed as well, whatever became of the first. */
  readonly ghost: number;
  readonly ghostDelayMs: readonly [min: number, max: number];
  /** A call without an answer rejects after this time. */
  readonly timeoutMs: number;
  /** Share of hints that a subscriber does not get. */
  readonly loseMessage: number;
  /** Share of hints that a subscriber gets twice. */
  readonly doubleMessage: number;
  readonly messageDelayMs: readonly [min: number, max: number];
}

/** Nothing goes wrong; calls and hints take their time. */
export const calmPlan = Object.freeze<FaultPlan>({
  delayMs: [0, 1],
  loseRequest: 0,
  loseReply: 0,
  ghost: 0,
  ghostDelayMs: [0, 0],
  timeoutMs: 1_000,
  loseMessage: 0,
  doubleMessage: 0,
  messageDelayMs: [0, 1],
});

/** Everything goes wrong now and then. */
export const roughPlan = Object.freeze<FaultPlan>({
  delayMs: [0, 30],
  loseRequest: 0.02,
  loseReply: 0.03,
  ghost: 0.05,
  ghostDelayMs: [1, 3_000],
  timeoutMs: 200,
  loseMessage: 0.1,
  doubleMessage: 0.05,
  messageDelayMs: [0, 50],
});
