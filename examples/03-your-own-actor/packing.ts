/** The replica of an order on one node: packs what was paid. Runs on every node. */
import { defineReplica } from "@muster/core";
import { type OrderRow, order } from "./order.ts";

/** What a node reports of an order. */
export interface Packed {
  readonly packed: boolean;
}

export const packingReplica = (node: string, log: (line: string) => void) =>
  defineReplica(order, {
    apply: async (row: OrderRow | undefined, { id, previous }): Promise<Packed> => {
      if (row?.status !== "paid") return { packed: false };
      if (!previous?.packed) log(`${node} packs ${id}: ${row.count} × ${row.item}`);
      return { packed: true };
    },
  });
