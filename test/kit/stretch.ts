/**
 * One setting for loaded machines: `MUSTER_TEST_STRETCH=3` makes leases, heartbeats and deadlines of
 * the real-process tests three times as long.
 */
const factor = (): number => {
  const given = Number(process.env["MUSTER_TEST_STRETCH"] ?? "1");
  return Number.isFinite(given) && given >= 1 ? given : 1;
};

/** Multiplies milliseconds by the stretch factor of this machine. */
export const stretch = (ms: number): number => Math.round(ms * factor());

/** Cluster settings whose times must leave room for a loaded machine; ratios stay as they are. */
export const stretchedLease = (): {
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  readonly confirmMs: number;
  readonly trustMarginMs: number;
} => ({
  leaseMs: stretch(1_500),
  heartbeatMs: stretch(250),
  confirmMs: stretch(60),
  trustMarginMs: stretch(300),
});
