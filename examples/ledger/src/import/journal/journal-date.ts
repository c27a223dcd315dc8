import { calendarDate } from "../calendar-date.ts";
import { JournalSyntaxError, quote } from "./journal-syntax-error.ts";

const full = /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})$/;
const short = /^(\d{1,2})[-/.](\d{1,2})$/;

/**
 * Reads `2024-01-31`, `2024/1/31` or `2024.01.31`, and `01-31` in the default year. The clock is never asked for a
 * missing year: the same file must give the same entries next year.
 */
export function readJournalDate(text: string, defaultYear: number | null): string {
  const withYear = full.exec(text);
  if (withYear !== null) {
    const date = calendarDate(Number(withYear[1]), Number(withYear[3]), Number(withYear[4]));
    if (date !== null) return date;
    throw new JournalSyntaxError(`${quote(text)} is not a day of the calendar`);
  }
  const withoutYear = short.exec(text);
  if (withoutYear === null) {
    throw new JournalSyntaxError(`${quote(text)} is not a date: write it as YYYY-MM-DD`);
  }
  if (defaultYear === null) {
    throw new JournalSyntaxError(
      `The date ${quote(text)} has no year: write it as YYYY-MM-DD, or put a line such as "Y2024" above it`,
    );
  }
  const date = calendarDate(defaultYear, Number(withoutYear[1]), Number(withoutYear[2]));
  if (date !== null) return date;
  throw new JournalSyntaxError(`${quote(text)} is not a day of the year ${defaultYear}`);
}
