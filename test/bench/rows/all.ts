/** The rows of the bench, in the order of the table. */
import type { Row } from "../row.ts";
import { actorBytes } from "./actor-bytes.ts";
import { askLatency } from "./ask-latency.ts";
import { durableAsk } from "./durable-ask.ts";
import { durableTell } from "./durable-tell.ts";
import { failover } from "./failover.ts";
import { floor } from "./floor.ts";
import { freeze } from "./freeze.ts";
import { growth } from "./growth.ts";
import { handOver } from "./hand-over.ts";
import { idleCommands } from "./idle-commands.ts";
import { intentPropagation } from "./intent-propagation.ts";
import { localTurn } from "./local-turn.ts";
import { nodeStart } from "./node-start.ts";
import { shards } from "./shards.ts";
import { statusRead } from "./status-read.ts";

export const rows: readonly Row[] = [
  durableTell,
  durableAsk,
  askLatency,
  floor,
  localTurn,
  actorBytes,
  idleCommands,
  statusRead,
  nodeStart,
  intentPropagation,
  growth,
  failover,
  freeze,
  handOver,
  shards,
];
