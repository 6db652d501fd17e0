/** The sample apps as data: what each is for, and what every node must say of it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CliError } from "../cli-error.ts";
import type { JsonRecord } from "../json.ts";

export interface Expected {
  readonly status: string;
  /** Code of the reason given; none where the app runs. */
  readonly reason?: string;
}

export interface Sample {
  readonly id: string;
  readonly version: string;
  /** What it shows, in a few words. */
  readonly shows: string;
  /** What a node that started with it comes to. */
  expected(nodeId: string): Expected;
  /** What it waits for: with it, it runs on every node. */
  readonly given?: {
    readonly verb: "settings" | "licence" | "update";
    readonly body: JsonRecord;
    readonly what: string;
  };
}

const everywhere = (status: string, reason?: string) => (): Expected =>
  reason === undefined ? { status } : { status, reason };

/** The app that the scenario switches off and on. */
export const healthyApp = "crm-sync";

/** The app that the scenario takes away in the end. */
export const leavingApp = "region-locked";

export const samples: readonly Sample[] = [
  {
    id: healthyApp,
    version: "1.0.0",
    shows: "runs on every node",
    expected: everywhere("auto_enabled"),
  },
  {
    id: "broken-build",
    version: "1.0.0",
    shows: "does not compile",
    expected: everywhere("compiler_error_disabled", "compile_error"),
    given: { verb: "update", body: { version: "1.0.1" }, what: "a version that loads" },
  },
  {
    id: "flaky-webhook",
    version: "1.0.0",
    shows: "fails to start on one node only",
    expected: (nodeId) =>
      nodeId.endsWith("-2")
        ? { status: "error_disabled", reason: "hook_failed" }
        : { status: "auto_enabled" },
  },
  {
    id: leavingApp,
    version: "1.0.0",
    shows: "declines to run",
    expected: everywhere("disabled", "refused"),
  },
  {
    id: "mailer",
    version: "1.0.0",
    shows: "lacks a required setting",
    expected: everywhere("invalid_settings_disabled", "settings_missing"),
    given: {
      verb: "settings",
      body: { settings: { smtpUrl: "smtp://mail.example.com" } },
      what: "its setting",
    },
  },
  {
    id: "premium-reports",
    version: "1.0.0",
    shows: "needs a licence",
    expected: everywhere("invalid_license_disabled", "licence_missing"),
    given: {
      verb: "licence",
      body: { licence: "premium-reports until 2099-12-31" },
      what: "its licence",
    },
  },
];

/** From src/demo and dist/demo alike: the repository's folder, or the copy in the published package. */
const places = ["../../../../examples/apps", "../../sample-apps"];

/** Folder of the sample apps. @throws CliError `SAMPLES_NOT_FOUND` */
export const samplesFolder = (): string => {
  const folders = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = folders.find((folder) =>
    samples.every(({ id }) => existsSync(join(folder, id, "muster.app.json"))),
  );
  if (found !== undefined) return found;
  throw new CliError("SAMPLES_NOT_FOUND", `the sample apps are not in ${folders.join(" or ")}`, {
    hint: "Install @muster/cli again.",
  });
};

/** Whether this program runs from its repository, where it is called as `npx muster`. */
export const isRepository = (): boolean =>
  existsSync(new URL("../../../../bunfig.toml", import.meta.url));
