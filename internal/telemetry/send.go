package telemetry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// A collector that is busy is asked again for so long, and no request holds more
// spans than this: collectors take 4 MiB.
const (
	retryFor = 2 * time.Second
	batch    = 512
)

// Send exports what emit makes as one trace, if the environment names a
// collector. Origin describes where the spans come from. The context that emit
// gets holds the span that TRACEPARENT names. It takes no longer than [Limit].
func Send(ctx context.Context, getenv func(string) string, origin []attribute.KeyValue, emit func(context.Context, trace.Tracer)) error {
	e := environment(getenv)
	if !e.wanted() {
		return nil
	}
	s, err := readSettings(e)
	if err != nil {
		return err
	}
	// The SDK reads the variables too and prints those it cannot use, values and all.
	otel.SetLogger(logr.Discard())
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {}))

	spans := s.spans(ctx, origin, emit)
	if len(spans) == 0 {
		return nil // the trace that TRACEPARENT names is not sampled
	}
	ctx, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	client, answer := s.client()
	exporter, err := otlptrace.New(ctx, client)
	if err != nil {
		return s.explain(ctx, err, answer)
	}
	defer exporter.Shutdown(ctx)
	for len(spans) > 0 {
		n := min(batch, len(spans))
		if err := exporter.ExportSpans(ctx, spans[:n]); err != nil {
			return s.explain(ctx, err, answer)
		}
		spans = spans[n:]
	}
	return nil
}

// finished keeps the spans that have ended.
type finished []sdktrace.ReadOnlySpan

func (f *finished) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	*f = append(*f, spans...)
	return nil
}

func (f *finished) Shutdown(context.Context) error { return nil }

func (s *settings) spans(ctx context.Context, origin []attribute.KeyValue, emit func(context.Context, trace.Tracer)) finished {
	var got finished
	// What the user says of the resource stands above what is known.
	attrs := append(append([]attribute.KeyValue{}, origin...), s.resource...)
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithSyncer(&got), sdktrace.WithResource(resource.NewWithAttributes(semconv.SchemaURL, attrs...)),
	)
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier(s.carrier))
	emit(ctx, provider.Tracer("github.com/layercause/layercause", trace.WithSchemaURL(semconv.SchemaURL)))
	return got
}

// client speaks with the collector. Every option is given, so that the SDK takes
// none from the environment in another way. Answer becomes the HTTP status.
func (s *settings) client() (client otlptrace.Client, answer *atomic.Int32) {
	answer = new(atomic.Int32)
	if s.protocol == protocolGRPC {
		creds := insecure.NewCredentials()
		if s.endpoint.Scheme == "https" {
			creds = credentials.NewTLS(s.tls)
		}
		compressor := ""
		if s.gzip {
			compressor = "gzip"
		}
		return otlptracegrpc.NewClient(
			otlptracegrpc.WithEndpointURL(s.endpoint.String()), otlptracegrpc.WithTLSCredentials(creds),
			otlptracegrpc.WithHeaders(s.headers), otlptracegrpc.WithCompressor(compressor), otlptracegrpc.WithTimeout(s.limit),
			otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{
				Enabled: true, InitialInterval: retryFor / 8, MaxInterval: retryFor / 2, MaxElapsedTime: retryFor,
			}),
		), answer
	}
	compression := otlptracehttp.NoCompression
	if s.gzip {
		compression = otlptracehttp.GzipCompression
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: s.tls, ForceAttemptHTTP2: true, DisableKeepAlives: true}
	return otlptracehttp.NewClient(
		otlptracehttp.WithEndpointURL(s.endpoint.String()), otlptracehttp.WithHeaders(s.headers),
		otlptracehttp.WithCompression(compression), otlptracehttp.WithTimeout(s.limit),
		otlptracehttp.WithHTTPClient(&http.Client{
			Transport: observed{transport, answer}, Timeout: s.limit,
			// The headers are for this collector and for no other.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{
			Enabled: true, InitialInterval: retryFor / 8, MaxInterval: retryFor / 2, MaxElapsedTime: retryFor,
		}),
	), answer
}

// observed remembers the status of the last answer.
type observed struct {
	http.RoundTripper
	status *atomic.Int32
}

func (o observed) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := o.RoundTripper.RoundTrip(r)
	if err == nil {
		o.status.Store(int32(resp.StatusCode))
	}
	return resp, err
}

// explain says in our own words what went wrong. The SDK's error holds the whole
// address and what the collector said.
func (s *settings) explain(ctx context.Context, err error, answer *atomic.Int32) *Error {
	collector := s.endpoint.Scheme + "://" + s.endpoint.Host
	var (
		dial        *net.OpError
		name        *net.DNSError
		certificate *tls.CertificateVerificationError
		timeout     interface{ Timeout() bool }
		said        string
		hint        = "look at the collector's log, and at the OTEL_EXPORTER_OTLP_ variables"
	)
	code := int(answer.Load())
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		said, hint = "the build was interrupted", ""
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		said, hint = fmt.Sprintf("%s did not take it within %s", collector, s.limit), "is the collector up, and is its address right?"
	case errors.As(err, &name):
		said, hint = fmt.Sprintf("%s has no address", collector), "is the collector's name right?"
	case errors.As(err, &certificate):
		said, hint = fmt.Sprintf("%s has a certificate that is not trusted: %v", collector, certificate.Err), "name the authority with OTEL_EXPORTER_OTLP_CERTIFICATE"
	case errors.As(err, &dial):
		said, hint = fmt.Sprintf("%s cannot be reached: %v", collector, dial), "is the collector up, and is its address right?"
	case code >= 300:
		said = fmt.Sprintf("%s answered %d %s", collector, code, http.StatusText(code))
	case code >= 200:
		said = fmt.Sprintf("%s did not take all of it", collector)
	case status.Code(err) == codes.Unavailable:
		said, hint = fmt.Sprintf("%s is not available", collector), "is the collector up, and is its address that of gRPC?"
	case s.protocol == protocolGRPC:
		said = fmt.Sprintf("%s answered %s", collector, status.Code(err))
	default:
		said = fmt.Sprintf("%s could not be spoken with", collector)
	}
	return &Error{errors.New(said), hint}
}
