import { inMemoryEventStore } from "@tidemark/framework/testing";
import { commandHeaders, executeRequest } from "@tidemark/framework/fastify";
import Fastify from "fastify";
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { expect, test } from "vitest";
import { startWallets, Wallet } from "../framework/wallet.ts";

const traceparent = `00-${"1".repeat(32)}-${"2".repeat(16)}-01`;

test("a route that documents its command headers keeps the others: the trace reaches the event", async () => {
  const store = inMemoryEventStore();
  const application = await startWallets(store);
  const app = Fastify().setValidatorCompiler(validatorCompiler).setSerializerCompiler(serializerCompiler);
  app
    .withTypeProvider<ZodTypeProvider>()
    .post("/wallets", { schema: { headers: commandHeaders } }, async (request, reply) => {
      await executeRequest(application, request, reply, Wallet, "1", "open", { owner: "Ada" });
      return { authorization: request.headers.authorization ?? null };
    });
  const response = await app.inject({
    method: "POST",
    url: "/wallets",
    headers: { traceparent, authorization: "Bearer x" },
  });
  expect(response.json()).toEqual({ authorization: "Bearer x" });
  for await (const event of store.readStream("wallet-1")) {
    expect(Buffer.from(event.meta).toString("latin1")).toContain(traceparent);
  }
});

test("an ETag may be sent back as If-Match, that of an aggregate without events too", async () => {
  const application = await startWallets(inMemoryEventStore());
  const app = Fastify();
  app.post<{ Params: { times: string } }>("/wallets/1/:times", async (request, reply) => {
    const input = { amount: "1", times: Number(request.params.times) };
    await executeRequest(application, request, reply, Wallet, "1", "add", input);
    return null;
  });
  let etag: string | undefined;
  for (const [times, expected] of [
    [0, '"-1"'],
    [2, '"1"'],
    [1, '"2"'],
  ] as const) {
    const headers = etag === undefined ? {} : { "if-match": etag };
    const response = await app.inject({ method: "POST", url: `/wallets/1/${times}`, headers });
    expect(response.statusCode).toBe(200);
    expect(response.headers.etag).toBe(expected);
    etag = expected;
  }
});
