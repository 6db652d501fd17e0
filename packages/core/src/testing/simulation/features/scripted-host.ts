/** The host of one simulated process: its hooks take time and fail now and then, by the seed. */
import type { AppHost, HookContext, LoadAnswer } from "../../../hosts/app-host.ts";
import type { SeededRandom } from "../../seeded-random.ts";
import type { World } from "../feature.ts";
import type { SimProcessSeed } from "../process.ts";

interface App {
  readonly id: string;
  readonly version: string;
}
interface Running {
  readonly version: string;
  readonly settings: HookContext["settings"];
}

/** What apps leave outside of processes: on the disk of a node, and for the cluster. */
export interface Outside {
  /** Apps that have left something on the disk of this node, and the process in which they did. */
  readonly traces: Map<string, string>;
  /** Keys of the purges that were done. */
  readonly purges: Set<string>;
}

export class ScriptedHost {
  readonly #world: World;
  readonly #process: SimProcessSeed;
  readonly #random: SeededRandom;
  readonly #outside: Outside;
  /** What runs, with the settings it was given. */
  readonly #running = new Map<string, Running>();
  readonly #busy = new Set<string>();

  constructor(world: World, process: SimProcessSeed, outside: Outside) {
    this.#world = world;
    this.#outside = outside;
    this.#process = process;
    this.#random = process.random.fork();
  }

  runs(appId: string): boolean {
    return this.#running.has(appId);
  }

  settingsOf(appId: string): HookContext["settings"] | undefined {
    return this.#running.get(appId)?.settings;
  }

  versionOf(appId: string): string | undefined {
    return this.#running.get(appId)?.version;
  }

  /** Apps that run or are being changed. */
  get inUse(): readonly string[] {
    return [...new Set([...this.#running.keys(), ...this.#busy])];
  }

  get asHost(): AppHost<App> {
    return {
      name: "scripted",
      load: async ({ appId, version }, { signal }): Promise<LoadAnswer<App>> => {
        await this.#take(this.#random.between(0, 40), signal);
        if (!this.#goesWrong(0.08)) return { kind: "loaded", app: { id: appId, version } };
        // With its package an app has lost what could clear away after it.
        this.#outside.traces.delete(appId);
        return { kind: "missing" };
      },
      enable: ({ id, version }, context) =>
        this.#hook("enable", id, context, () => {
          if (this.#running.has(id)) this.#wrong(`${id} was enabled, and is once more`);
          this.#running.set(id, { version, settings: context.settings });
          this.#outside.traces.set(id, this.#process.name);
        }),
      settingsChanged: ({ id }, context) =>
        this.#hook("settingsChanged", id, context, () => {
          const { settings } = context;
          const running = this.#running.get(id);
          if (running) this.#running.set(id, { ...running, settings });
          else this.#wrong(`${id} got settings, and does not run`);
        }),
      disable: ({ id }, context) =>
        this.#hook("disable", id, context, () => {
          this.#running.delete(id);
        }),
      uninstall: ({ id }, context) =>
        this.#hook("uninstall", id, context, () => {
          if (this.#running.has(id)) this.#wrong(`${id} was cleared away while it runs`);
          this.#outside.traces.delete(id);
        }),
      purge: async (_, { idempotencyKey, signal }) => {
        await this.#take(this.#random.between(0, 300), signal);
        if (this.#goesWrong(0.1)) throw new Error("scripted to fail");
        this.#outside.purges.add(idempotencyKey);
      },
    };
  }

  async #hook(hook: string, id: string, { signal }: HookContext, end: () => void): Promise<void> {
    if (this.#busy.has(id)) this.#wrong(`${hook} of ${id} while another hook of it runs`);
    this.#busy.add(id);
    try {
      await this.#take(this.#random.pick([0, 20, this.#random.between(1, 600)]), signal);
      if (hook !== "disable" && this.#goesWrong(0.1)) throw new Error("scripted to fail");
      end();
    } finally {
      this.#busy.delete(id);
    }
  }

  #goesWrong(share: number): boolean {
    return this.#world.isActive && this.#random.chance(share);
  }

  #wrong(detail: string): void {
    this.#world.violations.add("error", `host of ${this.#process.name}: ${detail}`);
  }

  #take(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      this.#process.clock.after(ms, resolve);
    });
  }
}
