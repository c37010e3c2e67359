/// Operations of the Lambda API that this server does not have, so that a client is told what is missing and not that its request is
/// unknown. From botocore's service model 2015-03-31.
enum UnsupportedLambdaOperations {
    /// The error for a request line that belongs to one of them; nil for all others.
    static func error(method: String, path: [Substring]) -> LambdaError? {
        for feature in features {
            for (name, template) in feature.operations
            where template.method == method && template.parameters(of: path) != nil {
                return .invalidParameter("\(name) is not supported: \(feature.reason)")
            }
        }
        return nil
    }

    struct Feature: Sendable {
        /// A sentence that says what there is instead.
        let reason: String
        let operations: [(name: String, template: PathTemplate)]

        init(_ reason: String, _ operations: [(String, String, String)]) {
            self.reason = reason
            self.operations = operations.map { ($0.0, PathTemplate($0.1, $0.2)) }
        }
    }

    static let features: [Feature] = [
        Feature(
            "functions have no versions and no aliases here, only $LATEST.",
            [
                ("PublishVersion", "POST", "/2015-03-31/functions/{}/versions"),
                ("ListVersionsByFunction", "GET", "/2015-03-31/functions/{}/versions"),
                ("CreateAlias", "POST", "/2015-03-31/functions/{}/aliases"),
                ("ListAliases", "GET", "/2015-03-31/functions/{}/aliases"),
                ("GetAlias", "GET", "/2015-03-31/functions/{}/aliases/{}"),
                ("UpdateAlias", "PUT", "/2015-03-31/functions/{}/aliases/{}"),
                ("DeleteAlias", "DELETE", "/2015-03-31/functions/{}/aliases/{}"),
            ]),
        Feature(
            "permissions are not checked here, so that functions have no policy.",
            [
                ("AddPermission", "POST", "/2015-03-31/functions/{}/policy"),
                ("GetPolicy", "GET", "/2015-03-31/functions/{}/policy"),
                ("RemovePermission", "DELETE", "/2015-03-31/functions/{}/policy/{}"),
            ]),
        Feature(
            "there are no layers here; put everything into the function's package.",
            [
                ("PublishLayerVersion", "POST", "/2018-10-31/layers/{}/versions"),
                ("ListLayerVersions", "GET", "/2018-10-31/layers/{}/versions"),
                ("GetLayerVersion", "GET", "/2018-10-31/layers/{}/versions/{}"),
                ("DeleteLayerVersion", "DELETE", "/2018-10-31/layers/{}/versions/{}"),
                ("ListLayers", "GET", "/2018-10-31/layers"),
                ("AddLayerVersionPermission", "POST", "/2018-10-31/layers/{}/versions/{}/policy"),
                ("GetLayerVersionPolicy", "GET", "/2018-10-31/layers/{}/versions/{}/policy"),
                ("RemoveLayerVersionPermission", "DELETE", "/2018-10-31/layers/{}/versions/{}/policy/{}"),
            ]),
        Feature(
            "functions have no URLs here; use Invoke.",
            [
                ("CreateFunctionUrlConfig", "POST", "/2021-10-31/functions/{}/url"),
                ("GetFunctionUrlConfig", "GET", "/2021-10-31/functions/{}/url"),
                ("UpdateFunctionUrlConfig", "PUT", "/2021-10-31/functions/{}/url"),
                ("DeleteFunctionUrlConfig", "DELETE", "/2021-10-31/functions/{}/url"),
                ("ListFunctionUrlConfigs", "GET", "/2021-10-31/functions/{}/urls"),
            ]),
        Feature(
            "use Invoke, with the invocation type Event for asynchronous calls.",
            [
                ("InvokeAsync", "POST", "/2014-11-13/functions/{}/invoke-async"),
                ("InvokeWithResponseStream", "POST", "/2021-11-15/functions/{}/response-streaming-invocations"),
            ]),
        Feature(
            "asynchronous invocations are always repeated twice, after one and two minutes, and have no destinations.",
            [
                ("PutFunctionEventInvokeConfig", "PUT", "/2019-09-25/functions/{}/event-invoke-config"),
                ("UpdateFunctionEventInvokeConfig", "POST", "/2019-09-25/functions/{}/event-invoke-config"),
                ("GetFunctionEventInvokeConfig", "GET", "/2019-09-25/functions/{}/event-invoke-config"),
                ("DeleteFunctionEventInvokeConfig", "DELETE", "/2019-09-25/functions/{}/event-invoke-config"),
                ("ListFunctionEventInvokeConfigs", "GET", "/2019-09-25/functions/{}/event-invoke-config/list"),
            ]),
        Feature(
            "processes are started when they are needed and kept warm; there is nothing to provision.",
            [
                ("PutProvisionedConcurrencyConfig", "PUT", "/2019-09-30/functions/{}/provisioned-concurrency"),
                ("GetProvisionedConcurrencyConfig", "GET", "/2019-09-30/functions/{}/provisioned-concurrency"),
                ("DeleteProvisionedConcurrencyConfig", "DELETE", "/2019-09-30/functions/{}/provisioned-concurrency"),
                ("PutFunctionScalingConfig", "PUT", "/2025-11-30/functions/{}/function-scaling-config"),
                ("GetFunctionScalingConfig", "GET", "/2025-11-30/functions/{}/function-scaling-config"),
                ("CreateCapacityProvider", "POST", "/2025-11-30/capacity-providers"),
                ("ListCapacityProviders", "GET", "/2025-11-30/capacity-providers"),
                ("GetCapacityProvider", "GET", "/2025-11-30/capacity-providers/{}"),
                ("UpdateCapacityProvider", "PUT", "/2025-11-30/capacity-providers/{}"),
                ("DeleteCapacityProvider", "DELETE", "/2025-11-30/capacity-providers/{}"),
                (
                    "ListFunctionVersionsByCapacityProvider", "GET",
                    "/2025-11-30/capacity-providers/{}/function-versions"
                ),
            ]),
        Feature(
            "code signatures are not checked here.",
            [
                ("CreateCodeSigningConfig", "POST", "/2020-04-22/code-signing-configs"),
                ("ListCodeSigningConfigs", "GET", "/2020-04-22/code-signing-configs"),
                ("GetCodeSigningConfig", "GET", "/2020-04-22/code-signing-configs/{}"),
                ("UpdateCodeSigningConfig", "PUT", "/2020-04-22/code-signing-configs/{}"),
                ("DeleteCodeSigningConfig", "DELETE", "/2020-04-22/code-signing-configs/{}"),
                ("ListFunctionsByCodeSigningConfig", "GET", "/2020-04-22/code-signing-configs/{}/functions"),
                ("PutFunctionCodeSigningConfig", "PUT", "/2020-06-30/functions/{}/code-signing-config"),
                ("GetFunctionCodeSigningConfig", "GET", "/2020-06-30/functions/{}/code-signing-config"),
                ("DeleteFunctionCodeSigningConfig", "DELETE", "/2020-06-30/functions/{}/code-signing-config"),
            ]),
        Feature(
            "runtimes are what is installed on this machine.",
            [
                ("GetRuntimeManagementConfig", "GET", "/2021-07-20/functions/{}/runtime-management-config"),
                ("PutRuntimeManagementConfig", "PUT", "/2021-07-20/functions/{}/runtime-management-config"),
            ]),
        Feature(
            "loops between functions are not detected while they run.",
            [
                ("GetFunctionRecursionConfig", "GET", "/2024-08-31/functions/{}/recursion-config"),
                ("PutFunctionRecursionConfig", "PUT", "/2024-08-31/functions/{}/recursion-config"),
            ]),
        Feature(
            "there are no durable executions here.",
            [
                ("CheckpointDurableExecution", "POST", "/2025-12-01/durable-executions/{}/checkpoint"),
                ("GetDurableExecution", "GET", "/2025-12-01/durable-executions/{}"),
                ("GetDurableExecutionHistory", "GET", "/2025-12-01/durable-executions/{}/history"),
                ("GetDurableExecutionState", "GET", "/2025-12-01/durable-executions/{}/state"),
                ("StopDurableExecution", "POST", "/2025-12-01/durable-executions/{}/stop"),
                ("ListDurableExecutionsByFunction", "GET", "/2025-12-01/functions/{}/durable-executions"),
                ("SendDurableExecutionCallbackFailure", "POST", "/2025-12-01/durable-execution-callbacks/{}/fail"),
                (
                    "SendDurableExecutionCallbackHeartbeat", "POST",
                    "/2025-12-01/durable-execution-callbacks/{}/heartbeat"
                ),
                ("SendDurableExecutionCallbackSuccess", "POST", "/2025-12-01/durable-execution-callbacks/{}/succeed"),
            ]),
    ]
}
