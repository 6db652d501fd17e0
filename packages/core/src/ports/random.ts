/** Source of randomness; seeded in the simulator. */
export interface Random {
  /** A number in [0, 1). */
  draw(): number;
  /** An unguessable id of 22 URL-safe characters. */
  id(): string;
}
