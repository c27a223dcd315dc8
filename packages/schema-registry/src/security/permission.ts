/** What a caller may do with a subject. Each includes `read`; `admin` includes all, levels and modes too. */
export type Permission = "read" | "write" | "delete" | "admin";

/** Permissions for all subjects that start with a prefix. */
export interface Grant {
  /**
   * Start of the subject as callers see it: `orders.` for those of the default context, `:.staging:` for a whole
   * other one, `""` for every subject of every context and for what belongs to no subject.
   */
  readonly prefix: string;
  readonly permissions: readonly Permission[];
}

/** Who calls, and what that caller may do. */
export interface Principal {
  readonly name: string;
  readonly grants: readonly Grant[];
}

export function isAllowed({ grants }: Principal, permission: Permission, subject: string): boolean {
  return grants.some((grant) => includes(grant, permission) && subject.startsWith(grant.prefix));
}

/** The prefixes that a permission is given for; null when it is given for everything. */
export function allowedPrefixes({ grants }: Principal, permission: Permission): readonly string[] | null {
  const prefixes = grants.filter((grant) => includes(grant, permission)).map(({ prefix }) => prefix);
  return prefixes.includes("") ? null : prefixes;
}

function includes({ permissions }: Grant, wanted: Permission): boolean {
  return wanted === "read"
    ? permissions.length > 0
    : permissions.includes(wanted) || permissions.includes("admin");
}
