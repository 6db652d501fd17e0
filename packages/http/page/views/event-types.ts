/** Types that Muster itself tells, to choose from. A test holds them to those of the library. */
export const builtInEventTypes = [
  "alert.acked",
  "alert.closed",
  "alert.opened",
  "app.intent.changed",
  "dead_letter.created",
  "dead_letter.replayed",
  "dead_letter.resolved",
  "event.unreadable",
  "reconciler.mode.changed",
] as const;
