/** Reads what an installation of an app was asked with. */
import { readSettings, type SettingsFlags } from "./app-inputs.ts";
import type { Io } from "./io.ts";
import type { JsonRecord } from "./json.ts";

export interface InstallOptions extends SettingsFlags {
  readonly version: string;
  readonly ref?: string;
  readonly disabled?: boolean;
}

export type InstallRequest = JsonRecord & { readonly id: string; readonly version: string };

/** Makes the request; single settings go over those of the file. @throws CliError `USAGE` */
export const readInstallRequest = async (
  id: string,
  options: InstallOptions,
  io: Io,
): Promise<InstallRequest> => {
  const { version, ref, disabled } = options;
  const settings = await readSettings(options, io);
  return {
    id,
    version,
    ...(ref !== undefined && { ref }),
    ...(disabled && { desiredStatus: "disabled" }),
    ...(settings !== undefined && { settings }),
  };
};
