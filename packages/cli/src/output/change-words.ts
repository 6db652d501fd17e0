/** What was done to the intent of an app, in words. */
import { type JsonRecord, textAt } from "../json.ts";

/** As in `disabled`, `updated to 2.0.0`, `installed → enabled`; `intent` is what it came to. */
export const changeInWords = (change: string, intent: JsonRecord): string => {
  const words = change.replaceAll("_", " ");
  switch (change) {
    case "updated":
    case "rolled_back":
      return `${words} to ${textAt(intent, "version")}`;
    case "installed":
    case "migrated":
    case "migration_noted":
    case "changed":
      return `${words} → ${textAt(intent, "desiredStatus")}`;
    default:
      return words;
  }
};
