import { expect, test } from "vitest";
import { detectFormat } from "../../../examples/ledger/src/import/detect-format.ts";

const header = "trans_id;account_id;date;type;operation;amount;balance;k_symbol;bank;account";

test.each([
  ["bank-csv", header],
  ["bank-csv", `\ufeff\r\n${header.replaceAll(/\w+/g, '"$&"')}\r\n1;2`],
  ["bank-csv", header.replace("date", "date(yymmdd)")],
  ["journal", "2024-01-01 x\n  a  $1\n  b\n"],
  ["journal", "\ufeff2024/1/1=1/2 * x\r\n"],
  ["journal", "01-31 x\n  a  $1"],
  ["journal", "; comment\n\n# other\nP 2024-01-01 EUR $1.08\naccount a\n  alias b\n2024.01.01 x\n"],
  ["journal", "; only a comment\n"],
  ["journal", "D $1,000.00\n"],
  ["journal", "A assets:cash\n2024-01-01 x\n"],
  [null, ""],
  [null, " \n\n"],
  [null, "2024-01-01,Market,12.00\n"],
  [null, "2024-01-01;Market;12.00\n"],
  [null, "date;amount\n"],
  [null, "# Title\n\nSome text.\n"],
  [null, "A short story\n"],
  [null, '{"kind":"entry"}'],
  [null, "<html>"],
  [null, "2024-01-01 x\u0000"],
  [null, "PK\u0003\u0004\u0000"],
])("%s: %j", (format, head) => {
  expect(detectFormat(head)).toBe(format);
  expect(detectFormat(Buffer.from(head))).toBe(format);
});
