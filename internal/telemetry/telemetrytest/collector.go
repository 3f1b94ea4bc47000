// Package telemetrytest is a small working OpenTelemetry collector.
package telemetrytest

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // clients may compress
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Collector takes traces over HTTP and over gRPC.
type Collector struct {
	// HTTP and GRPC are its addresses, as http://127.0.0.1:PORT.
	HTTP, GRPC string

	collector.UnimplementedTraceServiceServer
	mu       sync.Mutex
	requests []Request
	answer   func(*http.Request) int
}

// Request is one export that was taken.
type Request struct {
	Path    string // of HTTP
	Headers map[string][]string
	Body    *collector.ExportTraceServiceRequest
}

// Start serves until the test ends.
func Start(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{}
	web := httptest.NewServer(http.HandlerFunc(c.serveHTTP))
	t.Cleanup(web.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	collector.RegisterTraceServiceServer(s, c)
	go s.Serve(l)
	t.Cleanup(s.Stop)
	c.HTTP, c.GRPC = web.URL, "http://"+l.Addr().String()
	return c
}

// Answer makes the collector answer HTTP with the status that f returns; at 200
// it takes the request. gRPC then answers that it is full.
func (c *Collector) Answer(f func(*http.Request) int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = f
}

// Requests are those taken up to now.
func (c *Collector) Requests() []Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.requests)
}

func (c *Collector) take(r Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, r)
}

func (c *Collector) serveHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	answer := c.answer
	c.mu.Unlock()
	if answer != nil {
		if code := answer(r); code != http.StatusOK {
			// As some do, it repeats what it was given.
			w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
			w.WriteHeader(code)
			fmt.Fprintln(w, "refused", r.URL, r.Header)
			return
		}
	}
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = z
	}
	data, err := io.ReadAll(body)
	export := &collector.ExportTraceServiceRequest{}
	if err == nil {
		err = proto.Unmarshal(data, export)
	}
	if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-protobuf" {
		http.Error(w, fmt.Sprint("no OTLP: ", err), http.StatusBadRequest)
		return
	}
	c.take(Request{r.URL.Path, r.Header, export})
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// Export is the gRPC service.
func (c *Collector) Export(ctx context.Context, r *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	full := c.answer != nil
	c.mu.Unlock()
	md, _ := metadata.FromIncomingContext(ctx)
	if full {
		return nil, status.Error(codes.PermissionDenied, fmt.Sprint("refused ", md))
	}
	c.take(Request{"", md, r})
	return &collector.ExportTraceServiceResponse{}, nil
}

// Trace is what was taken, with every attribute written as text.
type Trace struct {
	Resource map[string]string
	Schema   string
	Spans    []Span
}

// Span is one span of a [Trace].
type Span struct {
	*spans.Span
	Attributes map[string]string
	// Path are the names from the root to the span, with slashes between them.
	Path string
}

// Trace puts everything that was taken together; it is one trace or an error.
func (c *Collector) Trace(t testing.TB) Trace {
	t.Helper()
	var out Trace
	byID := map[string]*spans.Span{}
	for _, r := range c.Requests() {
		for _, rs := range r.Body.ResourceSpans {
			out.Resource, out.Schema = Attributes(rs.Resource.Attributes), rs.SchemaUrl
			for _, ss := range rs.ScopeSpans {
				for _, s := range ss.Spans {
					out.Spans = append(out.Spans, Span{Span: s, Attributes: Attributes(s.Attributes)})
					byID[string(s.SpanId)] = s
				}
			}
		}
	}
	for i := range out.Spans {
		s := &out.Spans[i]
		if string(s.TraceId) != string(out.Spans[0].TraceId) {
			t.Errorf("%q belongs to another trace", s.Name)
		}
		for up := s.Span; up != nil; up = byID[string(up.ParentSpanId)] {
			s.Path = strings.TrimSuffix(up.Name+"/"+s.Path, "/")
		}
	}
	slices.SortStableFunc(out.Spans, func(a, b Span) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// Find returns the span of a path.
func (t Trace) Find(path string) (Span, bool) {
	i := slices.IndexFunc(t.Spans, func(s Span) bool { return s.Path == path })
	if i < 0 {
		return Span{}, false
	}
	return t.Spans[i], true
}

// Attributes writes attributes as text; those of a list have commas between them.
func Attributes(in []*common.KeyValue) map[string]string {
	out := map[string]string{}
	for _, kv := range in {
		out[kv.Key] = text(kv.Value)
	}
	return out
}

func text(v *common.AnyValue) string {
	switch x := v.Value.(type) {
	case *common.AnyValue_StringValue:
		return x.StringValue
	case *common.AnyValue_BoolValue:
		return fmt.Sprint(x.BoolValue)
	case *common.AnyValue_IntValue:
		return fmt.Sprint(x.IntValue)
	case *common.AnyValue_DoubleValue:
		return fmt.Sprint(x.DoubleValue)
	case *common.AnyValue_ArrayValue:
		var all []string
		for _, e := range x.ArrayValue.Values {
			all = append(all, text(e))
		}
		return strings.Join(all, ",")
	}
	return fmt.Sprint(v)
}
