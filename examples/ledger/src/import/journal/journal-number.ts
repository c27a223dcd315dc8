import { JournalSyntaxError, quote } from "./journal-syntax-error.ts";

export type DecimalMark = "." | ",";

export interface JournalNumber {
  /** Digits with at most one point, as `parseDecimal` takes them. */
  readonly text: string;
  /** The decimal mark that this number proves by its form; null when it proves none. */
  readonly mark: DecimalMark | null;
}

/** What is known of a commodity's decimal mark before a number of it is read. */
export interface KnownMarks {
  /** Fixed by a directive; a number that contradicts it is refused. */
  readonly declared: DecimalMark | null;
  /** Proved by earlier amounts; it only decides ambiguous numbers. */
  readonly observed: DecimalMark | null;
}

const separator = /[^\d]/g;

function other(mark: string): DecimalMark {
  return mark === "." ? "," : ".";
}

function malformed(raw: string): JournalSyntaxError {
  return new JournalSyntaxError(`${quote(raw)} is not a number`);
}

function contradicts(raw: string, mark: DecimalMark): JournalSyntaxError {
  return new JournalSyntaxError(`${quote(raw)} contradicts the decimal mark "${mark}" of its commodity`);
}

/** Removes digit group marks. Groups of 2 to 4 digits cover 1,000,000 and 10,00,000 and 1,0000. */
function joinGroups(raw: string, integer: string, mark: string): string {
  const groups = integer.split(mark);
  const wellFormed = groups.every((group, index) =>
    index === 0 ? group.length >= 1 && group.length <= 4 : group.length >= 2 && group.length <= 4,
  );
  if (!wellFormed || (groups.at(-1) ?? "").length < 3) throw malformed(raw);
  return groups.join("");
}

function decimal(integer: string, fraction: string): string {
  return fraction === "" ? integer : `${integer === "" ? "0" : integer}.${fraction}`;
}

function readSingleMark(raw: string, found: string, known: KnownMarks): JournalNumber {
  const [integer = "", fraction = ""] = raw.split(found);
  if (found !== "." && found !== ",") return { text: joinGroups(raw, raw, found), mark: null };
  const grouped = () => ({ text: joinGroups(raw, raw, found), mark: null });
  const { declared, observed } = known;
  if (declared === found) return { text: decimal(integer, fraction), mark: null };
  const canBeGroup = /^[1-9]\d{0,2}$/.test(integer) && fraction.length === 3;
  if (declared !== null) {
    if (canBeGroup || fraction.length === 4) return grouped();
    throw contradicts(raw, declared);
  }
  if (!canBeGroup) return { text: decimal(integer, fraction), mark: found };
  if (observed === other(found)) return grouped();
  if (observed === found || found === ".") return { text: decimal(integer, fraction), mark: null };
  throw new JournalSyntaxError(
    `${quote(raw)} can mean ${integer}${fraction} or ${integer}.${fraction}: ` +
      `put a line "decimal-mark ." (or "decimal-mark ,") at the top of the file`,
  );
}

/**
 * Reads digits with decimal and group marks. Most numbers prove by their form which is which. A number with one mark
 * and three digits behind it is ambiguous: the known marks of the commodity decide. Where none is known, the point is
 * the decimal mark, as in hledger and Ledger; for the comma these two differ by a factor of 1000, so it is refused.
 */
export function readNumber(raw: string, known: KnownMarks): JournalNumber {
  const marks = raw.match(separator) ?? [];
  if (marks.length === raw.length) throw malformed(raw);
  const last = marks.at(-1);
  const first = marks[0];
  if (last === undefined || first === undefined) return { text: raw, mark: null };
  if (marks.length === 1) return readSingleMark(raw, last, known);
  if (marks.every((mark) => mark === first)) {
    const isGroup = first === "." || first === ",";
    if (isGroup && first === known.declared) throw contradicts(raw, first);
    return { text: joinGroups(raw, raw, first), mark: isGroup ? other(first) : null };
  }
  if ((last !== "." && last !== ",") || marks.slice(0, -1).some((mark) => mark !== first))
    throw malformed(raw);
  const point = raw.lastIndexOf(last);
  return { text: decimal(joinGroups(raw, raw.slice(0, point), first), raw.slice(point + 1)), mark: last };
}
