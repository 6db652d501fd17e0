import type { ShardStore } from "@muster/core/ports";
import { commitCall } from "./commit-call.ts";
import { mailboxCalls } from "./mailbox-calls.ts";
import { ownershipCalls } from "./ownership-calls.ts";
import type { StoreContext } from "./store-context.ts";
import { surveyCall } from "./survey-call.ts";

/** The shard store on Redis: one script for each call. */
export const createShardStore = (context: StoreContext): ShardStore => ({
  ...ownershipCalls(context),
  ...mailboxCalls(context),
  ...commitCall(context),
  ...surveyCall(context),
});
