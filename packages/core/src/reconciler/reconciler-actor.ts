/**
 * The reconciler's record: mode, leader and passes. All that a pass writes goes through this one
 * actor, which keeps the highest fence it has seen and refuses lower ones: a leader that was frozen
 * and comes back writes nothing.
 */
import { z } from "zod";
import { defineActor, tellTo } from "../define-actor.ts";
import { alertProtocol, reconcilerPartition } from "./alert-actor.ts";
import { alertAbout, alertId, maxPasses, modeInput, passResult, reconcilerRow } from "./model.ts";
import { nodeEvents, seenNode } from "./node-events.ts";

export const reconcilerId = "main";

const fence = z.int().nonnegative();
const ids = z.array(z.string()).max(100);

const reconcilerState = reconcilerRow.extend({
  /** Nodes as they were seen last, so that what happens to each is told once. */
  nodes: z.array(seenNode).default([]),
});

const changeNoted = z.strictObject({
  type: z.enum(["loss.acked", "node.drained", "node.undrained"]),
  subject: z.string().max(200),
  reason: z.string().max(500),
  data: z.record(z.string(), z.unknown()),
});
export type ChangeNoted = z.input<typeof changeNoted>;

export const reconcilerProtocol = defineActor({
  kind: "reconciler",
  state: reconcilerState,
  partition: () => reconcilerPartition,
  commands: {
    lead: { input: z.strictObject({ fence, node: z.string() }), refusals: ["fenced"] },
    record: {
      input: z.strictObject({
        fence,
        pass: passResult,
        open: z.array(alertAbout).max(50),
        close: ids,
        forget: ids,
        /** All nodes as the leader sees them, when something about them is new to it. */
        nodes: z.array(seenNode).optional(),
      }),
      refusals: ["fenced"],
    },
    /** Told after a change that is made in a record which is no actor's: for the events and the audit. */
    noteChange: { input: changeNoted, refusals: ["no-principal"] },
    setMode: { input: modeInput, output: reconcilerRow, refusals: ["no-principal"] },
  },
});

const fresh = Object.freeze({ mode: null, leader: null, fence: 0 });

/** Passes shown in the row. */
const shownPasses = 5;

export const ReconcilerActor = reconcilerProtocol.implement({
  initial: () => ({ ...fresh, passes: [], nodes: [] }),
  view: ({ nodes: _, ...row }) => ({ ...row, passes: row.passes.slice(-shownPasses) }),
  row: reconcilerRow,
  on: {
    lead: (turn, state, input) =>
      input.fence < state.fence
        ? turn.refuse("fenced")
        : turn.next({ ...state, fence: input.fence, leader: input.node }).reply(),
    record: (turn, state, input) => {
      if (input.fence < state.fence) return turn.refuse("fenced");
      const passes = [...state.passes, input.pass].slice(-maxPasses);
      const tell = [
        ...input.open.map((about) => tellTo(alertProtocol, alertId(about)).open(about)),
        ...input.close.map((id) => tellTo(alertProtocol, id).close({})),
        ...input.forget.map((id) => tellTo(alertProtocol, id).forget({})),
      ];
      const nodes = input.nodes ?? state.nodes;
      const events = nodeEvents(state.nodes, nodes);
      return turn.next({ ...state, fence: input.fence, passes, nodes }, { tell, events }).reply();
    },
    noteChange: (turn, state, event, { principal }) =>
      principal === undefined
        ? turn.refuse("no-principal")
        : turn.next(state, { events: [event] }).reply(),
    setMode: (turn, state, input, facts) => {
      if (facts.principal === undefined) return turn.refuse("no-principal");
      const mode = {
        mode: input.mode,
        by: facts.principal,
        reason: input.reason,
        owner: input.owner ?? null,
        until: input.until ?? null,
        at: facts.now,
      };
      const next = { ...state, mode };
      const events = [{ type: "reconciler.mode.changed", reason: input.reason, data: mode }];
      const { nodes: _, ...row } = next;
      return turn.next(next, { events }).reply(row);
    },
  },
});
