export { commandHeaders, executeRequest } from "./execute-request.ts";
export { frameworkProblem } from "./framework-problem.ts";
export { healthRoutes } from "./health-routes.ts";
export type { OperatorAccess } from "./loopback-only.ts";
export { metricsRoutes, type OperatorRoutesOptions } from "./metrics-routes.ts";
export { problemResponses } from "./problem-responses.ts";
export { queryHeaders, queryRequest } from "./query-request.ts";
export { statusRoutes } from "./status-routes.ts";
