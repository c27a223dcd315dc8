import { DomainError, type Application } from "@tidemark/framework";
import {
  commandHeaders,
  executeRequest,
  problemResponses,
  queryHeaders,
  queryRequest,
} from "@tidemark/framework/fastify";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { LedgerAggregates } from "../app.ts";
import { Account } from "../domain/account.ts";
import { identifier } from "../domain/names.ts";
import { accounts } from "../projections/accounts.ts";
import { statement } from "../projections/statement.ts";
import { keyInCursor, pageOf, pageQuery, toPage } from "./page.ts";
import { written, writtenBody } from "./written.ts";

const params = z.object({ id: identifier });
const { open, deposit, withdraw } = Account.commands;

const account = z.object({
  accountId: z.string(),
  owner: z.string(),
  currency: z.string(),
  balance: z.string(),
  status: z.string(),
  revision: z.string(),
});

const statementLine = z.object({
  position: z.string(),
  at: z.iso.datetime(),
  kind: z.enum(["deposit", "withdrawal"]),
  amount: z.string(),
  balance: z.string(),
  reference: z.string().nullable(),
});

/** Opening, moving and closing accounts, and reading them. */
export function accountRoutes(
  fastify: FastifyInstance,
  { application }: { readonly application: Application<LedgerAggregates> },
  done: () => void,
): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  const writes = {
    tags: ["accounts"],
    headers: commandHeaders,
    params,
    response: { 201: written, ...problemResponses },
  };
  const reads = { tags: ["accounts"], headers: queryHeaders };

  app.post(
    "/accounts",
    {
      schema: {
        tags: ["accounts"],
        summary: "Open an account",
        headers: commandHeaders,
        body: open.input.extend({ accountId: identifier.optional() }),
        response: { 201: written.extend({ accountId: z.string() }), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { accountId = null, ...input } = request.body;
      const result = await executeRequest(application, request, reply, Account, accountId, "open", input);
      return reply.code(201).send({ accountId: result.aggregateId, ...writtenBody(result) });
    },
  );

  app.post(
    "/accounts/:id/deposits",
    { schema: { ...writes, summary: "Deposit", body: deposit.input.omit({ occurredOn: true }) } },
    async (request, reply) => {
      const { params, body } = request;
      const result = await executeRequest(application, request, reply, Account, params.id, "deposit", body);
      return reply.code(201).send(writtenBody(result));
    },
  );

  app.post(
    "/accounts/:id/withdrawals",
    { schema: { ...writes, summary: "Withdraw", body: withdraw.input.omit({ occurredOn: true }) } },
    async (request, reply) => {
      const { params, body } = request;
      const result = await executeRequest(application, request, reply, Account, params.id, "withdraw", body);
      return reply.code(201).send(writtenBody(result));
    },
  );

  app.post("/accounts/:id/close", { schema: { ...writes, summary: "Close" } }, async (request, reply) => {
    const result = await executeRequest(application, request, reply, Account, request.params.id, "close", {});
    return reply.code(201).send(writtenBody(result));
  });

  app.get(
    "/accounts/:id",
    { schema: { ...reads, summary: "One account", params, response: { 200: account, ...problemResponses } } },
    async (request, reply) => {
      const { id } = request.params;
      const { db } = await queryRequest(application, request, reply, accounts);
      const row = await db.selectFrom("accounts").selectAll().where("account_id", "=", id).executeTakeFirst();
      if (row === undefined) throw accountNotFound(id);
      reply.header("etag", `"${row.revision}"`);
      return toAccount(row);
    },
  );

  app.get(
    "/accounts",
    {
      schema: {
        ...reads,
        summary: "All accounts",
        querystring: pageQuery,
        response: { 200: pageOf(account), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { limit, cursor } = request.query;
      const after = keyInCursor(cursor, /^[A-Za-z0-9._:-]{1,128}$/);
      const { db } = await queryRequest(application, request, reply, accounts);
      const rows = await db
        .selectFrom("accounts")
        .selectAll()
        .$if(after !== null, (query) => query.where("account_id", ">", after ?? ""))
        .orderBy("account_id")
        .limit(limit + 1)
        .execute();
      return toPage(rows, limit, (row) => row.account_id, toAccount);
    },
  );

  app.get(
    "/accounts/:id/statement",
    {
      schema: {
        ...reads,
        summary: "Movements of an account, oldest first",
        params,
        querystring: pageQuery,
        response: { 200: pageOf(statementLine), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { limit, cursor } = request.query;
      const after = keyInCursor(cursor, /^\d{1,18}$/);
      const { db } = await queryRequest(application, request, reply, statement);
      const rows = await db
        .selectFrom("statement")
        .selectAll()
        .where("account_id", "=", id)
        .$if(after !== null, (query) => query.where("position", ">", BigInt(after ?? 0)))
        .orderBy("position")
        .limit(limit + 1)
        .execute();
      if (rows.length === 0) await checkAccountExists(id);
      return toPage(rows, limit, (row) => String(row.position), toStatementLine);

      async function checkAccountExists(accountId: string): Promise<void> {
        const { db: accountsDb } = await queryRequest(application, request, reply, accounts);
        const query = accountsDb
          .selectFrom("accounts")
          .select("account_id")
          .where("account_id", "=", accountId);
        if ((await query.executeTakeFirst()) === undefined) throw accountNotFound(accountId);
      }
    },
  );
  done();
}

function toAccount(row: {
  account_id: string;
  owner: string;
  currency: string;
  balance: string;
  status: string;
  revision: bigint;
}): z.input<typeof account> {
  const { account_id: accountId, owner, currency, balance, status, revision } = row;
  return { accountId, owner, currency, balance, status, revision: String(revision) };
}

function toStatementLine(row: {
  position: bigint;
  at: Date;
  kind: "deposit" | "withdrawal";
  amount: string;
  balance: string;
  reference: string | null;
}): z.input<typeof statementLine> {
  const { position, at, kind, amount, balance, reference } = row;
  return { position: String(position), at: at.toISOString(), kind, amount, balance, reference };
}

function accountNotFound(id: string): DomainError {
  return new DomainError("account-not-found", `There is no account ${id}`, { kind: "not-found" });
}
