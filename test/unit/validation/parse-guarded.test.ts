import { parseGuarded } from "@tidemark/schema-registry/validation";
import { validatorCompiler } from "@tidemark/schema-registry/fastify";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";

/** JSON in which objects have the names that zod and JavaScript look at. */
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, 0, 1, "", "text", true),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("length", "toString", "valueOf", "name", "tags"), tie("value")),
  ),
})).value;

const body = z.object({
  name: z.string().min(1).max(3),
  tags: z.array(z.union([z.string().length(2), z.object({ name: z.string().max(9) })])).max(2),
});

function parse(schema: z.ZodType, input: unknown): z.ZodSafeParseResult<unknown> {
  return parseGuarded<z.ZodSafeParseResult<unknown>>(
    {
      parse: (value) => schema.safeParse(value),
      isRefusal: ({ success }) => !success,
      refuse: () => z.never("unreadable").safeParse(input),
    },
    input,
  );
}

const unreadable: unknown = JSON.parse('{ "length": { "toString": 0 } }');

describe("input that zod cannot read", () => {
  it("makes zod itself throw, else this guard has no use", () => {
    expect(() => z.string().max(3).safeParse(unreadable)).toThrow(TypeError);
  });

  it("is refused, and the field is named", () => {
    const { error } = parse(body, { name: unreadable, tags: [] });
    expect(error?.issues).toMatchObject([{ path: ["name"], code: "invalid_type" }]);
  });

  it("is never taken for what it is not", () => {
    const schema = z.union([z.string().max(3), z.object({ name: z.string() })]);
    const result = parse(schema, { length: { toString: 0 }, name: "x" });
    expect(result.error?.issues).toMatchObject([{ path: [], message: "unreadable" }]);
  });

  it("does not hide what goes wrong elsewhere", () => {
    const broken = z.unknown().refine(() => {
      throw new TypeError("a bug");
    });
    expect(() => parse(broken, { length: 3 })).toThrow("a bug");
  });

  it("never throws, whatever the JSON is, and agrees with zod where zod answers", () => {
    fc.assert(
      fc.property(json, (input) => {
        const guarded = parse(body, input);
        let bare: z.ZodSafeParseResult<unknown> | null = null;
        try {
          bare = body.safeParse(input);
        } catch {
          expect(guarded.success).toBe(false);
        }
        if (bare !== null) expect(guarded.success).toBe(bare.success);
      }),
    );
  });

  it("is a validation error of Fastify's", () => {
    const validate = validatorCompiler({ schema: body, method: "POST", url: "/", httpPart: "body" });
    expect(validate({ name: unreadable, tags: [] })).toMatchObject({
      error: [{ instancePath: "/name", keyword: "invalid_type" }],
    });
    expect(validate({ name: "ab", tags: [] })).toEqual({ value: { name: "ab", tags: [] } });
  });
});
