import * as grpc from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import * as status from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { diffInputs } from "./diff";
import {
    InitializationError,
    ProviderError,
    type ProviderDouble,
    type ProviderInstance,
    type ResourceDiff,
    type Values,
} from "./double";
import { plain } from "./values";

/** A package served to the engine, which attaches to it by `PULUMI_DEBUG_PROVIDERS=<name>:<port>`. */
export interface ProviderServer {
    readonly port: number;
    /** How many provider instances were configured so far. */
    configured(): number;
    close(): Promise<void>;
}

type Handler<Request, Response> = (request: Request, peer: string) => Promise<Response> | Response;

/** Serves a double as Pulumi's resource provider protocol on a free port of the loopback. */
export async function serveProvider(double: ProviderDouble): Promise<ProviderServer> {
    // Every provider instance of a program has a connection of its own to an attached process.
    const instances = new Map<string, ProviderInstance>();
    let configured = 0;
    const instance = (peer: string): ProviderInstance => {
        const found = instances.get(peer);
        if (!found) {
            throw new ProviderError(`the ${double.name} provider was used before it was configured`);
        }
        return found;
    };

    const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
    server.addService(ResourceProviderService, {
        handshake: unary(() => new proto.ProviderHandshakeResponse()),
        attach: unary(() => new Empty()),
        cancel: unary(() => new Empty()),
        getPluginInfo: unary(() => new plugin.PluginInfo().setVersion(double.version)),
        checkConfig: unary((request: proto.CheckRequest) => new proto.CheckResponse().setInputs(request.getNews())),
        diffConfig: unary((request: proto.DiffRequest) => {
            const before = values(request.getOldInputs() ?? request.getOlds());
            const after = values(request.getNews());
            return diffResponse(double.diffConfig?.(before, after) ?? diffInputs(before, after, { replaceOn: [] }));
        }),
        configure: unary(async (request: proto.ConfigureRequest, peer) => {
            configured++;
            const config = Object.entries(values(request.getArgs())).filter(([, value]) => value !== "" && value !== "null");
            instances.set(peer, await double.configure(Object.fromEntries(config.map(([key, value]) => [key, asText(value)]))));
            return new proto.ConfigureResponse().setSupportspreview(true).setAcceptsecrets(false).setAcceptresources(false);
        }),
        check: unary(async (request: proto.CheckRequest, peer) => {
            const olds = request.getOlds() && values(request.getOlds());
            const { inputs, failures = [] } = await instance(peer).check({
                token: typeToken(request.getUrn()),
                name: resourceName(request.getUrn()),
                ...(olds && Object.keys(olds).length > 0 ? { olds } : {}),
                news: values(request.getNews()),
                seed: Buffer.from(request.getRandomseed_asU8()),
            });
            return new proto.CheckResponse()
                .setInputs(struct(inputs))
                .setFailuresList(
                    failures.map(({ property, reason }) => new proto.CheckFailure().setProperty(property).setReason(reason)),
                );
        }),
        diff: unary(async (request: proto.DiffRequest, peer) => {
            const oldOutputs = values(request.getOlds());
            return diffResponse(
                await instance(peer).diff({
                    token: typeToken(request.getUrn()),
                    id: request.getId(),
                    oldInputs: request.getOldInputs() ? values(request.getOldInputs()) : oldOutputs,
                    oldOutputs,
                    inputs: values(request.getNews()),
                    ignore: request.getIgnorechangesList(),
                }),
            );
        }),
        create: unary(async (request: proto.CreateRequest, peer) => {
            const created = await instance(peer).create({
                token: typeToken(request.getUrn()),
                inputs: values(request.getProperties()),
                preview: request.getPreview(),
                ...timeout(request),
            });
            return new proto.CreateResponse().setId(created.id).setProperties(struct(created.outputs));
        }),
        read: unary(async (request: proto.ReadRequest, peer) => {
            const found = await instance(peer).read({
                token: typeToken(request.getUrn()),
                id: request.getId(),
                inputs: values(request.getInputs()),
                outputs: values(request.getProperties()),
            });
            return found
                ? new proto.ReadResponse().setId(found.id).setProperties(struct(found.outputs)).setInputs(struct(found.inputs))
                : new proto.ReadResponse();
        }),
        update: unary(async (request: proto.UpdateRequest, peer) => {
            const oldOutputs = values(request.getOlds());
            const outputs = await instance(peer).update({
                token: typeToken(request.getUrn()),
                id: request.getId(),
                oldInputs: request.getOldInputs() ? values(request.getOldInputs()) : oldOutputs,
                oldOutputs,
                inputs: values(request.getNews()),
                preview: request.getPreview(),
                ...timeout(request),
            });
            return new proto.UpdateResponse().setProperties(struct(outputs));
        }),
        delete: unary(async (request: proto.DeleteRequest, peer) => {
            const outputs = values(request.getProperties());
            await instance(peer).delete({ token: typeToken(request.getUrn()), id: request.getId(), outputs, ...timeout(request) });
            return new Empty();
        }),
        invoke: unary(async (request: proto.InvokeRequest, peer) => {
            const answer = await instance(peer).invoke(request.getTok(), values(request.getArgs()));
            return new proto.InvokeResponse().setReturn(struct(answer));
        }),
    });
    const port = await new Promise<number>((resolve, reject) => {
        server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
            error ? reject(error) : resolve(bound),
        );
    });
    return {
        port,
        configured: () => configured,
        close: async () => server.forceShutdown(),
    };
}

function unary<Request, Response>(handler: Handler<Request, Response>): grpc.handleUnaryCall<Request, Response> {
    return (call, callback) => {
        Promise.resolve()
            .then(() => handler(call.request, call.getPeer()))
            .then(
                (response) => callback(null, response),
                (error: unknown) => callback(grpcError(error)),
            );
    };
}

function grpcError(error: unknown): Partial<grpc.StatusObject> {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof ProviderError) {
        return { code: grpc.status.UNKNOWN, details: message };
    }
    if (!(error instanceof InitializationError)) {
        return {
            code: grpc.status.INTERNAL,
            details: `the sandbox itself broke: ${error instanceof Error ? error.stack : message}`,
        };
    }
    const detail = new proto.ErrorResourceInitFailed()
        .setId(error.id)
        .setProperties(struct(error.outputs))
        .setInputs(struct(error.inputs))
        .setReasonsList([...error.reasons]);
    const any = new Any();
    any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const body = new status.Status().setCode(grpc.status.UNKNOWN).setMessage(message).setDetailsList([any]);
    const metadata = new grpc.Metadata();
    // gRPC's place for an error with a body; the engine reads the failed resource from it.
    metadata.add("grpc-status-details-bin", Buffer.from(body.serializeBinary()));
    return { code: grpc.status.UNKNOWN, details: message, metadata };
}

function diffResponse({ changes, deleteBeforeReplace = false }: ResourceDiff): proto.DiffResponse {
    const response = new proto.DiffResponse().setHasdetaileddiff(true).setDeletebeforereplace(deleteBeforeReplace);
    const kinds = proto.PropertyDiff.Kind;
    const paths = Object.entries(changes);
    for (const [path, { kind, replace }] of paths) {
        const plainKind = { add: kinds.ADD, delete: kinds.DELETE, update: kinds.UPDATE }[kind];
        const replaceKind = { add: kinds.ADD_REPLACE, delete: kinds.DELETE_REPLACE, update: kinds.UPDATE_REPLACE }[kind];
        response
            .getDetaileddiffMap()
            .set(path, new proto.PropertyDiff().setKind(replace ? replaceKind : plainKind).setInputdiff(true));
    }
    return response
        .setChanges(paths.length > 0 ? proto.DiffResponse.DiffChanges.DIFF_SOME : proto.DiffResponse.DiffChanges.DIFF_NONE)
        .setDiffsList([...new Set(paths.map(([path]) => path.split(/[.[]/, 1)[0]))])
        .setReplacesList(paths.filter(([, { replace }]) => replace).map(([path]) => path));
}

const values = (from: Struct | undefined): Values => plain(from?.toJavaScript() ?? {}) as Values;
const struct = (from: Values): Struct => Struct.fromJavaScript(plain(from) as Record<string, JavaScriptValue>);
const asText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** `customTimeouts` of the program; the engine says 0 where it names none. */
const timeout = (request: { getTimeout(): number }) => (request.getTimeout() > 0 ? { timeoutSeconds: request.getTimeout() } : {});

/** `urn:pulumi:stack::project::parent$type::name`: the last type, which is the resource's own. */
const typeToken = (urn: string): string => urn.split("::")[2].split("$").at(-1)!;
const resourceName = (urn: string): string => urn.split("::").slice(3).join("::");
