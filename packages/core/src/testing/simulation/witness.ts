/**
 * Watches the calls that the store accepted, from a place that no fault and no planted bug reaches:
 * one writer per claim, only the current claim writes, epochs never go backwards (I1). Hands what
 * was written on to whoever checks it.
 */
import { parseActorKey } from "../../model/actor-address.ts";
import type { ClaimId, Epoch, ShardId } from "../../model/ids.ts";
import type { BackendContext, BackendFactory } from "../../ports/backend.ts";
import type { ClaimRequest, CommitRequest, ShardStore } from "../../ports/shard-store.ts";
import { decodeRow, decodeState } from "./store-probe.ts";
import type { Violations } from "./violations.ts";

interface Seen {
  current: ClaimId | "none";
  epoch: Epoch;
  datasetId: string;
}

/** Takes what commits have written; `watches` says of which kinds. */
export interface WrittenListener {
  watches(what: "states" | "rows", kind: string): boolean;
  state(kind: string, id: string, state: unknown): void;
  row(kind: string, id: string, row: unknown): void;
}

export class Witness {
  readonly #violations: Violations;
  readonly #written: WrittenListener;
  readonly #shards = new Map<ShardId, Seen>();
  readonly #writers = new Map<ClaimId, string>();
  /** Commits accepted under the current claim. */
  accepted = 0;
  /** Commits refused because another claim stands. */
  refused = 0;
  takeOvers = 0;

  constructor(violations: Violations, written: WrittenListener) {
    this.#violations = violations;
    this.#written = written;
  }

  /** Wraps the backends of all nodes; faults and planted bugs go around the result. */
  over(factory: BackendFactory): BackendFactory {
    return {
      kind: factory.kind,
      create: (context) => {
        const backend = factory.create(context);
        return { ...backend, shards: this.#watch(backend.shards, context) };
      },
    };
  }

  #seen(shard: ShardId): Seen {
    const known = this.#shards.get(shard);
    if (known) return known;
    const made: Seen = { current: "none", epoch: 0, datasetId: "none" };
    this.#shards.set(shard, made);
    return made;
  }

  #watch(shards: ShardStore, { nodeId, incarnation }: BackendContext): ShardStore {
    const writer = `${nodeId}#${incarnation}`;
    return {
      ...shards,
      claim: async (request) => {
        const answer = await shards.claim(request);
        if (answer.kind === "claimed") this.#claimed(request, answer.epoch);
        return answer;
      },
      commit: async (request) => {
        const answer = await shards.commit(request);
        const { shard, claimId } = request.claim;
        if (answer.kind === "fenced") this.refused += 1;
        if (answer.kind === "committed") {
          this.#committed(shard, claimId, writer);
          this.#handOn(request);
        }
        return answer;
      },
    };
  }

  #claimed({ shard, claimId, datasetId }: ClaimRequest, epoch: Epoch): void {
    const seen = this.#seen(shard);
    if (seen.current === claimId) return;
    this.takeOvers += 1;
    // The outside compares both: data made anew may begin again where the store's time went back.
    if (epoch <= seen.epoch && datasetId === seen.datasetId) {
      this.#violations.add("I1", `shard ${shard}: epoch ${epoch} was granted after ${seen.epoch}`);
    }
    seen.current = claimId;
    seen.epoch = epoch;
    seen.datasetId = datasetId;
  }

  #committed(shard: ShardId, claimId: ClaimId, writer: string): void {
    this.accepted += 1;
    const known = this.#writers.get(claimId);
    if (known !== undefined && known !== writer) {
      this.#violations.add("I1", `shard ${shard}: claim ${claimId} was written by two nodes`);
    }
    this.#writers.set(claimId, writer);
    const { current } = this.#seen(shard);
    if (current !== claimId) {
      this.#violations.add("I1", `shard ${shard}: ${writer} wrote under a superseded claim`);
    }
  }

  #handOn({ states, views }: CommitRequest): void {
    for (const { key, state } of states ?? []) {
      const { kind, id } = parseActorKey(key);
      if (!this.#written.watches("states", kind)) continue;
      this.#written.state(kind, id, state === "removed" ? undefined : decodeState(state));
    }
    for (const { kind, rows } of views ?? []) {
      if (!this.#written.watches("rows", kind)) continue;
      for (const { id, row } of rows) {
        this.#written.row(kind, id, row === "removed" ? undefined : decodeRow(row));
      }
    }
  }
}
