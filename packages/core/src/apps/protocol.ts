/** The commands of an app's actor. Those of people need a principal and a reason. */

import { z } from "zod";
import { defineActor } from "../define-actor.ts";
import { intentRefusals } from "./change-intent.ts";
import {
  ackInput,
  changeInput,
  historyAnswer,
  holdEnded,
  installInput,
  intentAnswer,
  legacyAnswer,
  licenceInput,
  manageInput,
  migrateAnswer,
  migrateInput,
  nodeGoneInput,
  ofInstallation,
  pauseInput,
  purgedInput,
  purgeFailedInput,
  settingsInput,
  surveyedInput,
  surveyFailedInput,
  surveyInput,
  uninstallInput,
  updateInput,
} from "./commands.ts";
import { appState } from "./intent.ts";
import { migrateRefusals } from "./migration/decide-migrate.ts";

export const answered = { output: intentAnswer, refusals: intentRefusals } as const;

/** What people ask for. */
const changes = {
  install: { input: installInput, ...answered },
  enable: { input: changeInput, ...answered },
  disable: { input: changeInput, ...answered },
  update: { input: updateInput, ...answered },
  rollback: { input: changeInput, ...answered },
  uninstall: { input: uninstallInput, ...answered },
  settings: { input: settingsInput, ...answered },
  licence: { input: licenceInput, ...answered },
  manage: { input: manageInput, ...answered },
  pause: { input: pauseInput, ...answered },
  resume: { input: changeInput, ...answered },
  ackDrift: { input: ackInput, ...answered },
} as const;

/** What follows by itself: the ends of timers and effects. */
const steps = {
  pauseEnded: { input: holdEnded },
  ackEnded: { input: holdEnded },
  surveyed: { input: surveyedInput },
  surveyFailed: { input: surveyFailedInput },
  surveyAgain: { input: surveyInput },
  purged: { input: purgedInput },
  purgeFailed: { input: purgeFailedInput },
  purgeAgain: { input: ofInstallation },
  forget: { input: ofInstallation },
  nodeGone: { input: nodeGoneInput },
} as const;

/** Protocol of apps; the id is the app's. */
export const appProtocol = defineActor({
  kind: "app",
  state: appState,
  commands: {
    ...changes,
    ...steps,
    migrate: { input: migrateInput, output: migrateAnswer, refusals: migrateRefusals },
    /** What a migration has to know before, and an export after it. */
    legacy: { input: z.strictObject({}), output: legacyAnswer, readOnly: true },
    history: {
      input: z.strictObject({}),
      output: historyAnswer,
      refusals: ["not-found"],
      readOnly: true,
    },
  },
});
export type AppCommands = (typeof appProtocol)["commands"];
/** Commands by which a person changes an app. */
export type AppChangeCommand = keyof typeof changes;
