package cacheindex

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/encoding/httpbinding"
)

// readS3 reads the index of a cache in an S3 bucket. BuildKit exports to all names
// of a cache, and imports from the first alone.
//
// It is one request, for which the service's whole client would be a seventh of the
// program. The signature is the library's.
func readS3(ctx context.Context, attrs map[string]string) (*Index, error) {
	address, err := s3Address(attrs, s3IndexKey(attrs))
	if err != nil {
		return nil, err
	}
	id, secret, session := attrs["access_key_id"], attrs["secret_access_key"], attrs["session_token"]
	if id == "" || secret == "" {
		// The daemon looks for some where it runs.
		return nil, errors.New("the cache's credentials are known to the daemon alone")
	}
	text, err := s3Object(ctx, address, attrs["region"], aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: session})
	if errors.Is(err, ErrNone) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, scrub(fmt.Errorf("asking for the index: %w", err), id, secret, session)
	}
	return parse(text)
}

// s3IndexKey is the key of the index in the bucket.
func s3IndexKey(attrs map[string]string) string {
	folder, ok := attrs["manifests_prefix"]
	if !ok {
		folder = "manifests/"
	}
	name, ok := attrs["name"]
	if !ok {
		name = "buildkit"
	}
	name, _, _ = strings.Cut(name, ";")
	return attrs["prefix"] + folder + name
}

// hostLabel is a bucket's name that can be a part of a host's name.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
var hostLabel = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)

// s3Address is where the service has an object: the bucket stands in the host's name
// where that can be, as BuildKit's client has it.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
func s3Address(attrs map[string]string, key string) (*url.URL, error) {
	bucket, region := attrs["bucket"], attrs["region"]
	switch {
	case bucket == "":
		return nil, errors.New("the cache has no bucket")
	case region == "":
		return nil, errors.New("the cache has no region")
	case strings.HasPrefix(bucket, "arn:"):
		return nil, errors.New("a bucket that is named by an ARN is not read")
	}
	domain := "amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		domain += ".cn"
	}
	u := &url.URL{Scheme: "https", Host: "s3." + region + "." + domain}
	inPath := false
	if endpoint := attrs["endpoint_url"]; endpoint != "" {
		var err error
		if u, err = url.Parse(endpoint); err != nil || u.Host == "" {
			return nil, errors.New("endpoint_url is no URL")
		}
		_, noIP := netip.ParseAddr(u.Hostname())
		inPath, _ = strconv.ParseBool(attrs["use_path_style"])
		inPath = inPath || noIP == nil
	}
	if inPath || !hostLabel.MatchString(bucket) {
		key = bucket + "/" + key
	} else {
		u.Host = bucket + "." + u.Host
	}
	path := strings.TrimSuffix(u.Path, "/") + "/" + key
	u.Path, u.RawPath = path, httpbinding.EscapePath(path, false)
	return u, nil
}

// s3Tries is how often a service that is busy is asked, and s3Pause how long it is
// left alone at first.
const (
	s3Tries = 3
	s3Pause = 200 * time.Millisecond
)

// s3Object reads an object.
func s3Object(ctx context.Context, address *url.URL, region string, credentials aws.Credentials) (text []byte, err error) {
	for try := 1; ; try++ {
		var again bool
		if text, again, err = s3Get(ctx, address, region, credentials); !again || try == s3Tries {
			return text, err
		}
		select {
		case <-time.After(s3Pause << (try - 1)):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// s3Get asks once, and says whether it is worth to ask again.
func s3Get(ctx context.Context, address *url.URL, region string, credentials aws.Credentials) (text []byte, again bool, err error) {
	const emptyBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	req := (&http.Request{Method: http.MethodGet, URL: address, Host: address.Host, Header: http.Header{}}).WithContext(ctx)
	req.Header.Set("X-Amz-Content-Sha256", emptyBody)
	err = v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }).
		SignHTTP(ctx, credentials, req, emptyBody, "s3", region, time.Now())
	if err != nil {
		return nil, false, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, ctx.Err() == nil, err
	}
	defer resp.Body.Close()
	code := resp.StatusCode
	if code == http.StatusOK {
		if text, err = readAll(resp.Body); err != nil {
			err = fmt.Errorf("reading the index: %w", err)
		}
		return text, false, err
	}
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, maxMessage))
	said := s3Code(answer)
	// BuildKit's importer passes over a key that is not there, and over no bucket.
	if code == http.StatusNotFound && said != "NoSuchBucket" {
		return nil, false, ErrNone
	}
	return nil, code >= 500 || code == http.StatusTooManyRequests, fmt.Errorf("the storage answered with status %d %s", code, said)
}

// s3Code is the service's word for what is wrong.
func s3Code(answer []byte) string {
	_, rest, _ := strings.Cut(string(answer), "<Code>")
	code, _, _ := strings.Cut(rest, "</Code>")
	return code
}
