/**
 * Notices that the store lost data: keeps what this node knows to have been accepted, has the store
 * compare it whenever that may be gone, and follows the findings of all nodes (I2, I10).
 */
import type { DatasetId, NodeId, RedisMs, ShardId } from "../model/ids.ts";
import type { Position } from "../model/position.ts";
import type { Logger } from "../ports/logger.ts";
import type { LossFinding, LossStore, LossSubject, SenderMark } from "../ports/loss-store.ts";
import type { Random } from "../ports/random.ts";
import type { ShardStore } from "../ports/shard-store.ts";
import { lossInWords, nameOfSubject, remedyOf } from "./loss-text.ts";
import { ShardWitness } from "./shard-witness.ts";

export interface LossWatchContext {
  readonly store: LossStore;
  readonly nodeId: NodeId;
  readonly random: Random;
  readonly logger: Logger;
  now(): RedisMs;
  /** How far the owner of a shard on this node has come, where there is one. */
  written(shard: ShardId): Position | undefined;
  /** Batches of this node that the mailbox of a shard has acknowledged. */
  senders(shard: ShardId): readonly SenderMark[];
  /** Their loss was told: they are witnesses no more. */
  forget(shard: ShardId, senders: readonly SenderMark[]): void;
  /** There is something to compare or to read: {@link LossWatch.run} soon. */
  soon(): void;
  /** The findings are others than before. */
  changed(): void;
}

type Records = Awaited<ReturnType<ShardStore["inspect"]>>;

export class LossWatch {
  readonly #context: LossWatchContext;
  readonly #shards = new Map<ShardId, ShardWitness>();
  readonly #formerDatasets = new Set<DatasetId>();
  readonly #findings = new Map<LossSubject, LossFinding>();
  /** Subjects whose findings have changed since they were read. */
  readonly #unread = new Set<LossSubject>();
  #clusterMark = "";
  #running = false;

  constructor(context: LossWatchContext) {
    this.#context = context;
  }

  /** Findings that nobody has acknowledged and that have not ended, those of shards in order. */
  get open(): readonly LossFinding[] {
    const now = this.#context.now();
    const order = ({ subject }: LossFinding) => (subject === "cluster" ? -1 : subject);
    return [...this.#findings.values()]
      .filter(({ acknowledged, expiresAt }) => !acknowledged && expiresAt > now)
      .sort((a, b) => order(a) - order(b));
  }

  /** All findings that have not ended. */
  get all(): readonly LossFinding[] {
    const now = this.#context.now();
    return [...this.#findings.values()].filter(({ expiresAt }) => expiresAt > now);
  }

  /** Takes ownership records as they were read. */
  saw(records: Records): void {
    for (const record of records) {
      if ("kind" in record) this.#witness(record.shard).suspect();
      else if (this.#witness(record.shard).saw(record) === "changed")
        this.#unread.add(record.shard);
    }
    this.#hurry();
  }

  /** Takes the mark of the findings that belong to no shard. */
  sawCluster(lossMark: string): void {
    if (lossMark === this.#clusterMark) return;
    this.#clusterMark = lossMark;
    this.#unread.add("cluster");
    this.#hurry();
  }

  /** A commit of this position was acknowledged to this node. */
  accepted(shard: ShardId, at: Position): void {
    this.#witness(shard).accepted(at);
  }

  /** A shard answered as if it had gone back. */
  suspect(shard: ShardId): void {
    this.#witness(shard).suspect();
    this.#hurry();
  }

  /** The data is another dataset than this one, to which this node belonged. */
  datasetWas(former: DatasetId): void {
    this.#formerDatasets.add(former);
    this.#hurry();
  }

  /**
   * Has batches of one shard to another compared at once, before they are forgotten.
   * Rejects as the port does, and while the record is not there.
   */
  async compareBatches(shard: ShardId, mark: SenderMark): Promise<void> {
    const { kind } = await this.#context.store.compareShard({
      shard,
      ...this.#finder(shard),
      positions: [],
      senders: [mark],
    });
    if (kind === "absent") throw new Error(`shard ${shard} has no record now`);
    if (kind === "lost") this.#unread.add(shard);
    this.#hurry();
  }

  /** Compares and reads what is due; what the store does not answer stays due. Never rejects. */
  async run(): Promise<void> {
    if (this.#running || !this.#isDue()) return;
    this.#running = true;
    const due = [...this.#shards].filter(([, witness]) => witness.isDue);
    const work = [
      ...due.map(([shard, witness]) => this.#compare(shard, witness)),
      ...[...this.#formerDatasets].map((former) => this.#compareDataset(former)),
    ];
    const attempt = async (part: Promise<void>) => {
      try {
        await part;
      } catch (error) {
        this.#context.logger.debug({ error: String(error) }, "losses were not compared");
      }
    };
    await Promise.all(work.map(attempt));
    await attempt(this.#read());
    this.#running = false;
  }

  /** Takes a finding as it is now, such as after it was acknowledged. */
  took(finding: LossFinding): void {
    this.#findings.set(finding.subject, finding);
    this.#context.changed();
  }

  #isDue(): boolean {
    if (this.#unread.size > 0 || this.#formerDatasets.size > 0) return true;
    return [...this.#shards.values()].some((witness) => witness.isDue);
  }

  #hurry(): void {
    if (this.#isDue()) this.#context.soon();
  }

  #witness(shard: ShardId): ShardWitness {
    const known = this.#shards.get(shard);
    if (known) return known;
    const made = new ShardWitness();
    this.#shards.set(shard, made);
    return made;
  }

  #finder(subject: LossSubject): { readonly nodeId: NodeId; readonly id: string } {
    const { nodeId, random } = this.#context;
    const part = random
      .id()
      .toLowerCase()
      .replaceAll(/[^a-z0-9]/g, "")
      .slice(0, 8);
    return { nodeId, id: `${nameOfSubject(subject)}-${part}` };
  }

  async #compare(shard: ShardId, witness: ShardWitness): Promise<void> {
    const { store, written, senders, forget } = this.#context;
    const own = written(shard);
    if (own) witness.accepted(own);
    const { positions } = witness;
    const marks = senders(shard);
    const answer = await store.compareShard({
      shard,
      ...this.#finder(shard),
      positions,
      senders: marks,
    });
    if (answer.kind === "absent") return;
    witness.compared(positions, answer);
    if (answer.kind === "kept") return;
    forget(shard, marks);
    this.#unread.add(shard);
  }

  async #compareDataset(former: DatasetId): Promise<void> {
    const answer = await this.#context.store.compareDataset({
      ...this.#finder("cluster"),
      former,
    });
    if (answer.kind === "absent") return;
    this.#formerDatasets.delete(former);
    if (answer.kind === "lost") this.#unread.add("cluster");
  }

  async #read(): Promise<void> {
    const subjects = [...this.#unread];
    if (subjects.length === 0) return;
    const listed = await this.#context.store.list({ subjects });
    for (const subject of subjects) {
      this.#unread.delete(subject);
      const finding = listed.find((one) => one.subject === subject);
      if (finding) this.#tell(finding);
      else this.#findings.delete(subject);
    }
    this.#context.changed();
  }

  /** Logs each finding when it is first seen; status and lists show how it widens. */
  #tell(finding: LossFinding): void {
    const { id, subject, commits, batches, foundBy } = finding;
    const isNew = this.#findings.get(subject)?.id !== id;
    this.#findings.set(subject, finding);
    if (!isNew || finding.acknowledged) return;
    this.#context.logger.error(
      { finding: id, subject: nameOfSubject(subject), commits, batches, foundBy },
      `${lossInWords(finding)}; ${remedyOf(finding)}`,
    );
  }
}
