/** Instants as people and scripts read them. */

const pad = (value: number, width: number): string => String(value).padStart(width, "0");
const dayMs = 86_400_000;

/**
 * Turns epoch milliseconds into an ISO-8601 UTC instant, `2026-05-01T12:00:00.000Z`. Pure
 * arithmetic: the days since 1970 are counted in eras of 400 years that begin on 1 March.
 */
export const isoInstant = (epochMs: number): string => {
  const ms = Math.floor(epochMs);
  const days = Math.floor(ms / dayMs);
  const ofDay = ms - days * dayMs;
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const hour = Math.floor(ofDay / 3_600_000);
  const minute = Math.floor(ofDay / 60_000) % 60;
  const second = Math.floor(ofDay / 1_000) % 60;
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}.${pad(ofDay % 1_000, 3)}Z`;
};

const daysOf = (year: number, month: number, day: number): number => {
  const marchYear = month > 2 ? year : year - 1;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
};

/**
 * Reads an ISO-8601 instant with a zone, such as `2026-05-01T12:00:00Z` or `…T14:00:00.5+02:00`.
 * @returns epoch milliseconds, or `undefined` for anything else, days that do not exist among it
 */
export const parseInstant = (text: string): number | undefined => {
  const parts =
    /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (!parts) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const zone = parts[8] ?? "Z";
  const offset =
    zone === "Z"
      ? 0
      : (zone.startsWith("-") ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4)));
  if (hour > 23 || minute > 59 || second > 59 || Math.abs(offset) > 18 * 60) return undefined;
  const days = daysOf(year, month, day);
  const written = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
  if (!isoInstant(days * dayMs).startsWith(written)) return undefined;
  const ms = Number((parts[7] ?? "").slice(0, 3).padEnd(3, "0"));
  return days * dayMs + ((hour * 60 + minute - offset) * 60 + second) * 1_000 + ms;
};
