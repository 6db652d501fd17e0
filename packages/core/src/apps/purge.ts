/**
 * Removes what an app has left outside of nodes, once for the cluster: by the host of the node that
 * owns the app's actor, or, where that has none, by one that does.
 */
import { z } from "zod";
import type { CallAnswer } from "../engine/node-calls.ts";
import type { AppHost } from "../hosts/app-host.ts";
import type { NodeId } from "../model/ids.ts";
import type { NodeRecord } from "../model/node-record.ts";
import type { Clock } from "../ports/clock.ts";
import { redactSecrets } from "../secrets.ts";
import { type PurgeInput, purgeInput } from "./commands.ts";
import type { AppIntentRow } from "./intent.ts";

/** Limit of one purge that another node does, in milliseconds. */
export const purgeTimeoutMs = 100_000;

/** Far more than is shown: it is cut to that only after secrets were taken out. */
const maxErrorLength = 20_000;

export interface PurgeSources {
  intent(appId: string): Pick<AppIntentRow, "settings" | "licence"> | undefined;
  readonly host: Pick<AppHost, "purge"> | undefined;
  /** Nodes with an app host, read from the store. */
  nodes(): Promise<readonly NodeRecord[]>;
  /** Has another node do it. */
  call(nodeId: NodeId, input: PurgeInput): Promise<CallAnswer>;
}

const outcome = z.object({ error: z.string().nullable() });

/** Runs the hook of this node's host; one that has none has left nothing. */
const purgeHere = async (
  host: Pick<AppHost, "purge">,
  { appId, installId, ref, version }: PurgeInput,
  signal: AbortSignal,
): Promise<void> => {
  await host.purge?.(
    { appId, version, ...(ref !== null && { ref }) },
    { signal, idempotencyKey: `${appId} ${installId}` },
  );
};

const purgeSomewhere = async (
  { call, host, nodes }: PurgeSources,
  input: PurgeInput,
  signal: AbortSignal,
): Promise<void> => {
  if (host) return purgeHere(host, input, signal);
  const able = (await nodes()).find(({ state }) => state === "up");
  if (!able) throw new Error("no node that is up has an app host to purge it");
  const answer = await call(able.id, input);
  if (answer.kind === "silent") throw new Error(`${able.id}, asked to purge it, did not answer`);
  const parsed = outcome.safeParse(answer.body);
  const error = parsed.success ? parsed.data.error : "its answer cannot be read";
  if (error !== null) throw new Error(`${able.id}: ${error}`);
};

/**
 * @throws what the hook throws, without the secrets of the app: it goes to listings, logs and dead
 * letters; or that no node could be asked
 */
export const purgeApp = async (
  sources: PurgeSources,
  input: PurgeInput,
  signal: AbortSignal,
): Promise<void> => {
  try {
    await purgeSomewhere(sources, input, signal);
  } catch (error) {
    const intent = sources.intent(input.appId);
    const secrets = intent ? [intent.settings, { licenceSecret: intent.licence }] : [];
    const told = error instanceof Error ? error.message || error.name : String(error);
    throw new Error(redactSecrets(told.slice(0, maxErrorLength), secrets));
  }
};

/** Answers a node that has no app host of its own. */
export const answerPurge = async (
  { clock, host }: { readonly clock: Clock; readonly host: PurgeSources["host"] },
  body: unknown,
): Promise<z.output<typeof outcome>> => {
  const input = purgeInput.safeParse(body);
  if (!input.success || !host) return { error: "it cannot do that" };
  const controller = new AbortController();
  const cancel = clock.after(purgeTimeoutMs, () => controller.abort());
  try {
    await purgeHere(host, input.data, controller.signal);
    return { error: null };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  } finally {
    cancel();
  }
};
