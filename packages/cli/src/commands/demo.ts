import { usageError } from "../cli-error.ts";
import type { Register } from "../noun.ts";
import { defaultPort, parsePort } from "../port.ts";

const maxNodes = 9;

const parseNodes = (text: string): number => {
  const nodes = Number(text);
  if (Number.isInteger(nodes) && nodes >= 1 && nodes <= maxNodes) return nodes;
  throw usageError(`--nodes "${text}" must be a number from 1 to ${maxNodes}`);
};

interface Options {
  readonly nodes: string;
  readonly port: string;
  readonly once?: boolean;
}

/** `muster demo` */
export const registerDemo: Register = (noun, cli) => {
  noun
    .option("--nodes <n>", `how many nodes, 1 to ${maxNodes}`, "3")
    .option(
      "--port <n>",
      "port of the first node, the others follow; 0 takes free ones",
      String(defaultPort),
    )
    .option("--once", "play the scenario, check what is seen, and end")
    .addHelpText(
      "after",
      "\nNeeds redis-server or valkey-server 7 or later on PATH. Listens on loopback only and takes\neverything it has started with it when it ends, however it ends.\n",
    )
    .action(async ({ nodes, port, once = false }: Options) => {
      const given = cli();
      const options = { nodes: parseNodes(nodes), port: parsePort("--port", port), once };
      const { runDemo } = await import("../demo/run-demo.ts");
      await runDemo(given, options);
    });
};
