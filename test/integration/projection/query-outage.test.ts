import { sql } from "kysely";
import { expect, test } from "vitest";
import { accountsFold, Bank } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { opened } from "../../support/owners.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { createTestDatabase } from "../../support/test-database.ts";

test("a query that an outage of the database meets says so, and the next one after it is answered", async () => {
  const database = await createTestDatabase({ template: eventStoreTemplate });
  const fold = accountsFold(1);
  const unavailable = { code: "store-unavailable", status: 503, retryable: true };
  {
    await using proxy = await TcpProxy.start(database.connectionString);
    await using bank = await Bank.open(proxy.connectionString);
    await bank.append([opened("ada", "Ada")]);
    const supervisor = bank.supervisor([fold]);
    await supervisor.start();
    await supervisor.whenReady();
    const { db } = await supervisor.query(fold);
    const owners = () => db.selectFrom("accounts").select("owner").execute();
    expect(await owners()).toEqual([{ owner: "Ada" }]);

    proxy.loseNext("answer", "select 'cut here'");
    await expect(sql`select 'cut here'`.execute(db)).rejects.toMatchObject(unavailable);
    proxy.cut({ refuse: true });
    await expect(owners()).rejects.toMatchObject(unavailable);
    await expect(db.transaction().execute(owners)).rejects.toMatchObject(unavailable);
    proxy.restore();
    expect(await owners()).toEqual([{ owner: "Ada" }]);
    await expect(sql`select nothing`.execute(db)).rejects.toMatchObject({ code: "42703" });
  }
  await database.drop();
});
