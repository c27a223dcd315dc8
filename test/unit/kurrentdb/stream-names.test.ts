import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StreamNames } from "../../../packages/framework/src/kurrentdb/stream-names.ts";

const namespace = fc.constantFrom("", "shop", "shop2");
const tenant = fc.oneof(fc.constantFrom("", "acme", "a-b", "@", "a/b", "%40", "ünï"), fc.string());
const streamId = fc
  .tuple(
    fc.constantFrom("account", "@account", "tidemark.key", "tidemark/shop.key", "@@a", "@shop/x@a"),
    fc.string(),
  )
  .map(([category, id]) => `${category}-${id}`);

describe("the names of streams on a server", () => {
  test("lead back to namespace, tenant and stream, and to no other", () => {
    fc.assert(
      fc.property(namespace, tenant, streamId, (space, owner, id) => {
        const name = new StreamNames(space).of(owner, id);
        for (const other of ["", "shop", "shop2"]) {
          const expected = other === space ? { tenant: owner, streamId: id } : null;
          expect(new StreamNames(other).parse(name)).toEqual(expected);
        }
      }),
    );
  });

  test("fit the pattern of their tenant, and of their category, alone", () => {
    fc.assert(
      fc.property(namespace, tenant, tenant, streamId, (space, owner, other, id) => {
        const names = new StreamNames(space);
        const name = names.of(owner, id);
        expect(new RegExp(names.pattern(other), "u").test(name)).toBe(owner === other);
        const category = id.slice(0, id.indexOf("-"));
        expect(new RegExp(names.pattern(owner, ["none", category]), "u").test(name)).toBe(true);
        expect(new RegExp(names.pattern(owner, ["none"]), "u").test(name)).toBe(false);
      }),
    );
  });

  test("are bare by default, and keep the category readable", () => {
    expect(new StreamNames("").of("", "account-1")).toBe("account-1");
    expect(new StreamNames("").of("a-b", "account-1")).toBe("@a%2db@account-1");
    expect(new StreamNames("shop").of("", "account-1")).toBe("@shop/@account-1");
    for (const name of ["$stats-127.0.0.1", "$$account-1", "tidemark.store", "tidemark.key-0a", "@%zz@a-1"])
      expect(new StreamNames("").parse(name)).toBeNull();
  });
});
