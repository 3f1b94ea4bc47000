# The image of the action: the program, certificates, and nothing else.
# It is compiled on the platform of the builder, for that of the image.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
ENV CGO_ENABLED=0
# The build fetches only the modules that the program needs; the cache mounts
# keep them, and what was compiled, from one build to the next.
COPY go.mod go.sum ./
COPY cmd cmd
COPY internal internal
ARG TARGETOS TARGETARCH VERSION=dev
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /image/layercause ./cmd/layercause
# An empty image has no folder for temporary files. The action's post stage has
# the arguments of its main stage, and so the program goes by its name.
RUN mkdir -p /image/etc/ssl/certs \
    && mkdir -m 1777 /image/tmp \
    && ln -s layercause /image/cleanup \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/

FROM scratch
COPY --from=build /image /
ENTRYPOINT ["/layercause"]
