import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeServerFolder } from "../../support/server-folder.ts";

/** Makes a file of the bank's form: so many movements, spread over so many accounts in turn. */
export async function makeBankFile(records: number, accounts: number): Promise<string> {
  const rows = Array.from({ length: records }, (_, index) => {
    const type = ["PRIJEM", "VYDAJ", "VYBER"][index % 3];
    const month = String((index % 12) + 1).padStart(2, "0");
    return `${index};${index % accounts};93${month}15;${type};X;${index}.${index % 10}0;0;;;`;
  });
  const path = join(await makeServerFolder(), "bank.csv");
  const header = "trans_id;account_id;date;type;operation;amount;balance;k_symbol;bank;account";
  await writeFile(path, `${[header, ...rows].join("\n")}\n`);
  return path;
}
