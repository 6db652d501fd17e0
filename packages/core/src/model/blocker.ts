/** What keeps a condition from holding: a node with what it has, or a sentence about the cluster. */
export interface Blocker {
  /** Absent where no single node is to blame. */
  readonly nodeId?: string;
  readonly appId?: string;
  readonly initStatus?: string;
  readonly observedGeneration?: number | null;
  /** Machine-readable cause (snake_case) and the sentence shown to people. */
  readonly reason: { readonly code: string; readonly message: string };
}
