package cacheindex

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
)

// readS3 reads the index of a cache in an S3 bucket. BuildKit exports to all names
// of a cache, and imports from the first alone.
func readS3(ctx context.Context, attrs map[string]string) (*Index, error) {
	id, secret, session := attrs["access_key_id"], attrs["secret_access_key"], attrs["session_token"]
	client, err := s3Client(attrs)
	if err != nil {
		return nil, err
	}
	object, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(attrs["bucket"]), Key: aws.String(s3IndexKey(attrs))})
	if err != nil {
		noKey, notFound := (*s3types.NoSuchKey)(nil), (*s3types.NotFound)(nil)
		if errors.As(err, &noKey) || errors.As(err, &notFound) {
			return nil, ErrNone
		}
		return nil, scrub(fmt.Errorf("asking for the index: %w", err), id, secret, session)
	}
	defer object.Body.Close()
	text, err := readAll(object.Body)
	if err != nil {
		return nil, scrub(fmt.Errorf("reading the index: %w", err), id, secret, session)
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

// s3Client is a client with the settings that BuildKit's has. Where the attributes
// hold no credentials the daemon looks for some where it runs, and these are not
// known here.
func s3Client(attrs map[string]string) (*s3.Client, error) {
	for _, key := range []string{"bucket", "region"} {
		if attrs[key] == "" {
			return nil, fmt.Errorf("the cache has no %s", key)
		}
	}
	if attrs["access_key_id"] == "" || attrs["secret_access_key"] == "" {
		return nil, errors.New("the cache's credentials are known to the daemon alone")
	}
	o := s3.Options{
		Region:      attrs["region"],
		Credentials: credentials.NewStaticCredentialsProvider(attrs["access_key_id"], attrs["secret_access_key"], attrs["session_token"]),
		// The client would write its own remarks to standard error.
		Logger: logging.Nop{},
	}
	if endpoint := attrs["endpoint_url"]; endpoint != "" {
		o.BaseEndpoint = &endpoint
		o.UsePathStyle, _ = strconv.ParseBool(attrs["use_path_style"])
	}
	// Google's service changes the header after it was signed.
	if disable, _ := strconv.ParseBool(attrs["disable_accept_encoding"]); disable {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			stack.Finalize.Remove("DisableAcceptEncodingGzip")
			return nil
		})
	}
	return s3.New(o), nil
}
