/**
 * A backend on which things go wrong, for simulations: calls and hints are delayed, lost, doubled
 * or executed late by a {@link FaultPlan}; nodes freeze, are cut off and are killed on demand. All
 * in virtual time and from one seed, so that a course of events can be run again.
 */
import type { HistoryId, NodeId } from "../model/ids.ts";
import type { Backend, BackendContext, BackendFactory } from "../ports/backend.ts";
import { BackendUnavailable } from "../ports/backend.ts";
import type { Bus } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";
import { type Fates, fatesByPlan } from "./fates.ts";
import { calmPlan, type FaultPlan } from "./fault-plan.ts";
import { type CallStep, FaultyLink, Gate } from "./faulty-link.ts";
import { NodeClock } from "./node-clock.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** Calls of which a copy may be executed late: those that the ports promise to be harmless then. */
const copied = new Set(
  "join heartbeat leave raiseVersion claim release append commit add writeStatus dropStatus raiseFloor".split(
    " ",
  ),
);

type Method = (...args: readonly never[]) => Promise<unknown>;

/** The port with each of its methods sent over the link. */
const overLink = <P extends object>(link: FaultyLink, port: P): P =>
  Object.fromEntries(
    Object.entries(port).map(([op, method]: [string, Method]) => [
      op,
      (...args: readonly never[]) => link.call(op, copied.has(op), () => method(...args)),
    ]),
  ) as P;

const busOverLink = (link: FaultyLink, bus: Bus): Bus => ({
  subscribe: async (topic, deliver) => {
    let ended = false;
    const end = async () => {
      ended = true;
      await (await standing)?.();
    };
    let standing: Promise<() => Promise<void>> | undefined;
    try {
      await link.call("subscribe", false, () => {
        standing = bus.subscribe(topic, (message) =>
          link.deliver(topic.topic, () => {
            if (!ended) deliver(message);
          }),
        );
        return standing;
      });
    } catch (error) {
      // Who was told that it failed subscribes again: the first must not deliver as well.
      ended = true;
      void standing?.then((stop) => stop());
      throw error;
    }
    return end;
  },
  publish: async (topic, message) => {
    if (link.isOpen && !link.isKilled && !link.network.isShut) {
      link.process.pass(() => link.atStore(() => void bus.publish(topic, message)));
    }
  },
  onReset: (reset) => link.onReset(reset),
});

interface Node {
  readonly link: FaultyLink;
  readonly inner: Backend;
}

export interface FaultyOptions {
  /** Time that no freeze of a node stops; the store's. */
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** The store's present history: what is under way dies when it changes. */
  readonly history: () => HistoryId;
  /** @defaultValue {@link calmPlan} */
  readonly plan?: FaultPlan;
  /** Says what becomes of each call and hint. @defaultValue draws by the plan */
  readonly fates?: Fates;
  /** Called at every point of every call, for traces and for faults at a chosen point. */
  readonly onStep?: (step: CallStep) => void;
}

/** Wraps a factory; the verbs act on the latest backend made for a node. */
export class FaultyBackend implements BackendFactory {
  readonly clock: Clock;
  readonly history: () => HistoryId;
  readonly fates: Fates;
  readonly store: Gate;
  /** What goes wrong from now on; replace it at will. */
  plan: FaultPlan;
  readonly step: (step: CallStep) => void;
  readonly #inner: BackendFactory;
  readonly #nodes = new Map<NodeId, Node>();
  readonly #counts = new Map<string, number>();

  constructor(inner: BackendFactory, options: FaultyOptions) {
    this.#inner = inner;
    this.clock = options.clock;
    this.history = options.history;
    this.plan = options.plan ?? calmPlan;
    this.step = options.onStep ?? (() => {});
    this.fates = options.fates ?? fatesByPlan(() => this.plan, options.random);
    this.store = new Gate(options.clock);
  }

  get kind(): BackendFactory["kind"] {
    return this.#inner.kind;
  }

  create(context: BackendContext): Backend {
    const inner = this.#inner.create(context);
    // Calls run over a connection of their own: what was sent is executed also when its sender is
    // gone, while the connections by which the sender is known to be alive are its own.
    const wire = this.#inner.create({ ...context, nodeId: `${context.nodeId}~wire` as NodeId });
    const link = new FaultyLink(this, context);
    this.#nodes.set(context.nodeId, { link, inner });
    inner.bus.onReset(() => link.reset());
    return {
      membership: overLink(link, wire.membership),
      shards: overLink(link, wire.shards),
      views: overLink(link, wire.views),
      losses: overLink(link, wire.losses),
      events: overLink(link, wire.events),
      ...(inner.durability && { durability: inner.durability }),
      bus: busOverLink(link, inner.bus),
      ...(inner.leastSweepMs !== undefined && { leastSweepMs: inner.leastSweepMs }),
      guard: overLink(link, inner.guard),
      open: async () => {
        if (link.network.isShut) throw new BackendUnavailable("open");
        await Promise.all([inner.open(), wire.open()]);
        link.isOpen = true;
      },
      close: async () => {
        link.close();
        await inner.close();
      },
      examine: () => link.call("examine", false, () => wire.examine()),
      health: () =>
        link.network.isShut ? { ...inner.health(), state: "connecting" } : inner.health(),
    };
  }

  count(nodeId: NodeId, what: string): number {
    const key = `${nodeId} ${what}`;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return count;
  }

  /** Stops a process where it stands, and its clock when that is a {@link NodeClock}. */
  freeze(nodeId: NodeId): void {
    const { link } = this.#node(nodeId);
    link.process.isShut = true;
    if (link.context.clock instanceof NodeClock) link.context.clock.freeze();
  }

  /** Freezes a process as a suspended machine does: its monotonic clock stands still as well. */
  suspend(nodeId: NodeId): void {
    const { link } = this.#node(nodeId);
    link.process.isShut = true;
    if (link.context.clock instanceof NodeClock) link.context.clock.suspend();
  }

  /** Lets a frozen process go on: what fell due and what arrived meanwhile comes now. */
  thaw(nodeId: NodeId): void {
    const { link } = this.#node(nodeId);
    if (link.context.clock instanceof NodeClock) link.context.clock.thaw();
    link.process.open();
  }

  /** Cuts a node off from the store: calls wait, hints are lost, its connections seem to stand. */
  cut(nodeId: NodeId): void {
    this.#node(nodeId).link.network.isShut = true;
  }

  /** Ends a cut: waiting calls go on, also those given up meanwhile, and the node hears of a reset. */
  heal(nodeId: NodeId): void {
    const { link } = this.#node(nodeId);
    if (!link.network.isShut) return;
    link.network.open();
    this.clock.defer(() => link.reset());
  }

  /** Has the store execute nothing: calls and hints wait at it, in order. */
  stallStore(): void {
    this.store.isShut = true;
  }
  resumeStore(): void {
    this.store.open();
  }

  /** Ends a process without warning: its connections vanish and it never acts or hears again. */
  kill(nodeId: NodeId): void {
    const { link, inner } = this.#node(nodeId);
    link.isKilled = true;
    if (link.context.clock instanceof NodeClock) link.context.clock.kill();
    void inner.close();
  }

  #node(nodeId: NodeId): Node {
    const node = this.#nodes.get(nodeId);
    if (!node) throw new Error(`No backend was made for the node "${nodeId}".`);
    return node;
  }
}
