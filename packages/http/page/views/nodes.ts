/** The nodes: state, lease, load; drain and undrain. */
import type { NodeView } from "@muster/core";
import { byId } from "../dom.ts";
import { createNodeTable, type NodeVerb } from "../node-table.ts";
import type { Page, View } from "./view.ts";

export const createNodesView = (page: Page): View => {
  const change = ({ id }: NodeView, verb: NodeVerb): void =>
    page.ask({
      title: verb === "drain" ? `Drain ${id}?` : `Undrain ${id}?`,
      button: verb === "drain" ? "Drain" : "Undrain",
      text:
        verb === "drain"
          ? "Its shards move to other nodes, and it takes no more until it is undrained, also after a restart. Its apps go on running."
          : "It may take shards again.",
      send: ({ reason }, { key }) =>
        page.api.change({
          method: "POST",
          path: `v1/nodes/${encodeURIComponent(id)}/${verb}`,
          body: { reason },
          idempotencyKey: key,
        }),
      done: () => {
        page.say(`${id} is ${verb}ed.`);
        page.refresh();
      },
    });
  const table = createNodeTable({
    table: byId<HTMLTableElement>("nodes"),
    now: page.now,
    refusal: () => page.refusal("admin"),
    change,
  });
  return {
    load: async () => undefined,
    show: ({ nodes }) => table.show(nodes),
    tick: () => table.tick(),
  };
};
