export { checkPort, PortUnavailableError, type PortCheck } from "./check-port.ts";
export { createClosingSteps, type ClosingSteps } from "./closing-steps.ts";
export { bigintString, openApiTransform } from "./decimal-codec.ts";
export { drainConnections } from "./drain-connections.ts";
export { explainFailure } from "./explain-failure.ts";
export { logLevelVariable } from "./log-level-variable.ts";
export { portVariable } from "./port-variable.ts";
export { problem, sendProblem, type FieldError, type Problem } from "./problem-document.ts";
export { problemDocuments, type ProblemDocumentsOptions } from "./problem-documents.ts";
export { problemServerOptions } from "./problem-server-options.ts";
export { EnvironmentError, readEnvironment } from "./read-environment.ts";
export { InvalidFieldsError, requestProblem } from "./request-problem.ts";
export type { RegistryAccess } from "./registry-access.ts";
export { registryRoutes, type RegistryRoutesOptions } from "./registry-routes.ts";
export {
  createRegistryServer,
  registryServerOptions,
  type RegistryServerOptions,
} from "./registry-server.ts";
export { validatorCompiler } from "./validator-compiler.ts";
