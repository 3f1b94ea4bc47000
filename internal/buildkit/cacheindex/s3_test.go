package cacheindex

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestS3Address holds the addresses to those of the service's own client, with the
// settings that BuildKit gives it.
func TestS3Address(t *testing.T) {
	for _, attrs := range []map[string]string{
		{"bucket": "caches", "region": "eu-central-1"},
		{"bucket": "caches", "region": "us-east-1"},
		{"bucket": "caches", "region": "cn-north-1"},
		{"bucket": "with.dots", "region": "us-west-2"},
		{"bucket": "Under_Score", "region": "us-west-2"},
		{"bucket": "caches", "region": "r", "endpoint_url": "https://storage.example"},
		{"bucket": "caches", "region": "r", "endpoint_url": "https://storage.example:9000/", "use_path_style": "true"},
		{"bucket": "caches", "region": "r", "endpoint_url": "http://127.0.0.1:9000"},
		{"bucket": "with.dots", "region": "r", "endpoint_url": "https://storage.example/below", "use_path_style": "true"},
		{"bucket": "caches", "region": "auto", "endpoint_url": "https://storage.example/below"},
	} {
		for _, key := range []string{"manifests/buildkit", "a b/ä+&=,:@(1)/*~'!$", "x//y"} {
			got, err := s3Address(attrs, key)
			if err != nil {
				t.Errorf("%v: %v", attrs, err)
				continue
			}
			if want := s3ClientAddress(t, attrs, key); got.String() != want {
				t.Errorf("%v: got %s, want %s", attrs, got, want)
			}
		}
	}
	for want, attrs := range map[string]map[string]string{
		"no URL": {"bucket": "b", "region": "r", "endpoint_url": "storage"},
		"ARN":    {"bucket": "arn:aws:s3:eu-central-1:1:accesspoint/a", "region": "r"},
	} {
		if _, err := s3Address(attrs, "k"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", attrs, err, want)
		}
	}
}

func s3ClientAddress(t *testing.T, attrs map[string]string, key string) string {
	t.Helper()
	o := s3.Options{Region: attrs["region"], Credentials: credentials.NewStaticCredentialsProvider("AKIA", "s", "")}
	if endpoint := attrs["endpoint_url"]; endpoint != "" {
		o.BaseEndpoint = &endpoint
		o.UsePathStyle, _ = strconv.ParseBool(attrs["use_path_style"])
	}
	r, err := s3.NewPresignClient(s3.New(o)).PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(attrs["bucket"]), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	at, _, _ := strings.Cut(r.URL, "?")
	return at
}

// TestS3Signature checks the signature as the service does.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
func TestS3Signature(t *testing.T) {
	const secret = "s3-secret/with+signs"
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable) // it is worth to ask again
			return
		}
		if err := verifyS3(r, secret); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	_, err := readS3(t.Context(), map[string]string{
		"bucket": "caches", "region": "eu-central-1", "endpoint_url": server.URL, "prefix": "a b/ä+&=:/",
		"access_key_id": "AKIA", "secret_access_key": secret, "session_token": "session",
	})
	if !errors.Is(err, ErrNone) || asked.Load() != 2 {
		t.Errorf("after %d requests: %v", asked.Load(), err)
	}
}

func verifyS3(r *http.Request, secret string) error {
	fields := map[string]string{}
	algorithm, list, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	for f := range strings.SplitSeq(list, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(f), "=")
		fields[name] = value
	}
	id, scope, _ := strings.Cut(fields["Credential"], "/")
	if algorithm != "AWS4-HMAC-SHA256" || id != "AKIA" || !strings.Contains(";"+fields["SignedHeaders"]+";", ";x-amz-security-token;") {
		return fmt.Errorf("authorization %q", r.Header.Get("Authorization"))
	}
	request := r.Method + "\n" + r.URL.EscapedPath() + "\n" + r.URL.RawQuery + "\n"
	for name := range strings.SplitSeq(fields["SignedHeaders"], ";") {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.FormatInt(r.ContentLength, 10)
		}
		request += name + ":" + value + "\n"
	}
	request += "\n" + fields["SignedHeaders"] + "\n" + r.Header.Get("X-Amz-Content-Sha256")
	sum := sha256.Sum256([]byte(request))
	sign := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = sign(key, part)
	}
	text := algorithm + "\n" + r.Header.Get("X-Amz-Date") + "\n" + scope + "\n" + hex.EncodeToString(sum[:])
	if got := hex.EncodeToString(sign(key, text)); got != fields["Signature"] {
		return fmt.Errorf("signature %s, want %s, of:\n%s", fields["Signature"], got, request)
	}
	return nil
}
