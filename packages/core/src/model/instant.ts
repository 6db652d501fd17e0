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
