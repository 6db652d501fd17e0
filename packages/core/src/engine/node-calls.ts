/**
 * Asks one node of the cluster to do something now, over its own topic of the bus: at most once, and
 * answered or silent. What must not be lost goes through an actor instead.
 */
import { decode, encode } from "../codec.ts";
import type { NodeId } from "../model/ids.ts";
import type { BusMessage, Topic } from "../ports/bus.ts";
import type { Cancel, Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";

export type CallAnswer =
  | { readonly kind: "answered"; readonly body: unknown }
  /** Nothing was heard in time: it may have been done or not. */
  | { readonly kind: "silent" };

/** Does what another node asks for; what it answers is sent back. */
export type CallHandler = (body: unknown) => Promise<unknown> | unknown;

export interface NodeCallsContext {
  readonly nodeId: NodeId;
  readonly clock: Clock;
  readonly logger: Logger;
  publish(topic: Topic, message: BusMessage): Promise<void>;
}

const formatVersion = 1;
const question = 0;
const answer = 1;

export class NodeCalls {
  readonly #context: NodeCallsContext;
  readonly #handlers = new Map<string, CallHandler>();
  readonly #waiting = new Map<number, (body: unknown) => void>();
  #count = 0;

  constructor(context: NodeCallsContext) {
    this.#context = context;
  }

  /** Answers calls of this name. */
  answer(name: string, handler: CallHandler): void {
    this.#handlers.set(name, handler);
  }

  /** Calls `name` on a node; the node itself is called without the bus. */
  async call(nodeId: NodeId, name: string, body: unknown, timeoutMs: number): Promise<CallAnswer> {
    const own = this.#handlers.get(name);
    if (nodeId === this.#context.nodeId && own) {
      return { kind: "answered", body: await own(body) };
    }
    this.#count += 1;
    const id = this.#count;
    const heard = this.#hear(id, timeoutMs);
    this.#send(nodeId, [formatVersion, question, id, this.#context.nodeId, name, body]);
    return heard;
  }

  /** Takes what came over this node's topic. */
  deliver(payload: Uint8Array): void {
    const decoded = decode(payload);
    if (decoded.kind === "corrupt" || !Array.isArray(decoded.value)) return;
    const [version, what, id, from, name, body] = decoded.value;
    if (version !== formatVersion || typeof id !== "number") return;
    if (what === answer) this.#waiting.get(id)?.(from);
    else if (what === question && typeof from === "string" && typeof name === "string") {
      void this.#run(from as NodeId, id, name, body);
    }
  }

  #hear(id: number, timeoutMs: number): Promise<CallAnswer> {
    return new Promise((resolve) => {
      let cancel: Cancel = () => {};
      const end = (heard: CallAnswer) => {
        cancel();
        this.#waiting.delete(id);
        resolve(heard);
      };
      this.#waiting.set(id, (body) => end({ kind: "answered", body }));
      cancel = this.#context.clock.after(timeoutMs, () => end({ kind: "silent" }));
    });
  }

  async #run(from: NodeId, id: number, name: string, body: unknown): Promise<void> {
    const handler = this.#handlers.get(name);
    // A node of another release may ask for what is not known here: it hears nothing.
    if (!handler) return;
    try {
      this.#send(from, [formatVersion, answer, id, await handler(body)]);
    } catch (error) {
      this.#context.logger.error({ from, name, error: String(error) }, "a call of a node failed");
    }
  }

  #send(node: NodeId, message: readonly unknown[]): void {
    void this.#context.publish(
      { topic: "node", node },
      { topic: "node", payload: encode(message) },
    );
  }
}
