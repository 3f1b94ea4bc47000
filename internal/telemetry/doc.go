// Package telemetry sends a finished build to an OpenTelemetry collector.
//
// In come the environment, whose OTEL_… variables say whether and where to, and a
// function that makes the spans; the way out is OTLP over HTTP or gRPC. Without an
// endpoint in the environment nothing happens.
//
// What goes wrong is an [Error] made of our own words: it names variables, and the
// collector by scheme and host, but holds no header, no path and no word of the
// collector, since all of these can be or repeat a credential.
//
// The variables: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
package telemetry
