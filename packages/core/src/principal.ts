/** On whose behalf a change is made; its name is the actor (who) in intent, history and audit. */
export interface Principal {
  readonly name: string;
  readonly role: "viewer" | "operator" | "admin";
  readonly tenant?: string;
  readonly grants?: readonly string[];
  readonly timezone?: string;
}
