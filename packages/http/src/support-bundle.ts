/**
 * What to send along with a question: how a node sees its cluster, without secrets. Settings and
 * licences of apps are not in it at all; of texts, what calls itself a secret is taken out.
 */
import {
  type DoctorReport,
  type Muster,
  type MusterFigures,
  redactByName,
  redactText,
} from "@muster/core";

const mostApps = 500;

/** Redacts by name, and within every text. */
const redact = (value: unknown): unknown => {
  if (typeof value === "string") return redactText(value);
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, redact(item)]));
};

const withoutStatus = ({ status: _, ...figures }: MusterFigures) => figures;

export const supportBundle = async (
  muster: Muster,
  doctor: DoctorReport,
): Promise<Readonly<Record<string, unknown>>> => {
  const apps = muster.apps.list({ withNodes: true }).items;
  const shards = await muster.shards.list().catch(() => null);
  const bundle = {
    format: 1,
    cluster: muster.cluster,
    nodeId: muster.nodeId,
    status: muster.status(),
    nodes: muster.nodes.list().items,
    shards: shards?.items ?? null,
    losses: muster.losses.list().items,
    alerts: muster.alerts.list().items,
    reconciler: muster.reconciler.status(),
    deadLetters: muster.deadLetters.count(),
    apps: apps.slice(0, mostApps),
    appsLeftOut: Math.max(0, apps.length - mostApps),
    figures: withoutStatus(muster.figures()),
    doctor,
  };
  return redact(redactByName(bundle)) as Readonly<Record<string, unknown>>;
};
