/** The checks that a manifest asks for before its app is enabled. Pure but for the server's own. */
import type { CheckAnswer, HookContext } from "./app-host.ts";
import type { AppManifest } from "./app-manifest.ts";

/** Checks the licence of an app whose manifest says `requiresLicence`; `null`: none was given. */
export type LicenceCheck = (
  appId: string,
  licence: string | null,
) => Promise<CheckAnswer> | CheckAnswer;

const failed = (code: string, message: string): CheckAnswer => ({
  kind: "failed",
  reason: { code, message },
});

/** Without a check of the server's own any licence will do: what it is worth is left to the app. */
export const checkLicence = (
  { id, requiresLicence }: AppManifest,
  { licence }: Pick<HookContext, "licence">,
  check: LicenceCheck | undefined,
): Promise<CheckAnswer> | CheckAnswer => {
  if (!requiresLicence) return { kind: "ok" };
  if (check) return check(id, licence);
  return licence === null
    ? failed("licence_missing", `${id} needs a licence, and none was given`)
    : { kind: "ok" };
};

/** Names every required setting that is missing, `null` or empty. */
export const checkSettings = (
  { requiredSettings }: AppManifest,
  { settings }: Pick<HookContext, "settings">,
): CheckAnswer => {
  const missing = requiredSettings.filter(
    (key) => !Object.hasOwn(settings, key) || settings[key] === null || settings[key] === "",
  );
  if (missing.length === 0) return { kind: "ok" };
  const what = missing.length === 1 ? "the required setting" : "the required settings";
  const verb = missing.length === 1 ? "is" : "are";
  return failed("settings_missing", `${what} ${missing.join(", ")} ${verb} missing`);
};
