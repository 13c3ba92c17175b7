# Makefile -- what developers of bptt type. Neither package contains it; see README.md.
#
#   make deps      installs what is missing with apt      make check     R CMD check --as-cran,
#   make           builds both packages, installs them                   Octave from its tarball
#                  in build/ and nowhere else             make sanitize  ASAN, UBSAN, TSAN, valgrind
#   make demo      forecasts, from R and from Octave      make bench     speed beside peers
#   make test      all tests                              make bench-deps  installs them
#   make dist      both tarballs, in dist/                make check-arm  the core on an emulated
#   make notebooks runs notebooks/ afresh                               ARM (make arm-deps)
#   make format, make clean

VERSION := $(shell sed -n 's/^Version: *//p' DESCRIPTION)
# What programs say is read here: in English.
export LC_ALL := C.UTF-8
# What R and Octave build, they build as they would for a user.
unexport MAKEFLAGS
CC = gcc
CLANG := $(notdir $(firstword $(wildcard $(foreach d,$(subst :, ,$(PATH)),$(d)/clang $(d)/clang-[1-9][0-9]))))
CWARN := -Wall -Wextra -Wconversion -Werror

R_TARBALL := dist/bptt_$(VERSION).tar.gz
OCTAVE_TARBALL := dist/bptt-$(VERSION).tar.gz
export R_LIBS := $(CURDIR)/build/Rlib
# Octave reads this file when it starts: it loads the package from build/opkg.
export OCTAVE_SITE_INITFILE := $(CURDIR)/build/octaverc
OCTAVE := octave-cli --no-gui --no-init-file --no-history --quiet
SUITE := tools/suite.sh

all: build/r.stamp build/octave.stamp

# `make -j deps test` is to wait for the first before it begins the second.
ifneq ($(filter %deps,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

deps:
	@tools/deps.sh

bench-deps:
	@tools/deps.sh
	@tools/deps.sh bench
	@$(MAKE) build/Rlib-bench/rnn

# From CRAN, and only make bench sees it.
build/Rlib-bench/rnn:
	@mkdir -p $(@D)
	Rscript -e 'install.packages("rnn", "$(@D)", repos = "https://cloud.r-project.org")'

arm-deps:
	@tools/deps.sh arm

fable-deps:
	@tools/deps.sh
	@tools/deps.sh fable

notebook-deps:
	@tools/deps.sh
	@tools/deps.sh notebooks

# ---------------------------------------------------------------------------- packages

CORE := $(wildcard csrc/*.c csrc/*.h)
R_FILES := $(CORE) $(wildcard DESCRIPTION NAMESPACE LICENSE NEWS.md README.md .Rbuildignore inst/* \
             configure* cleanup* R/* src/*.c src/*.h src/Makevars* man/* tests/*.R tests/testthat/* \
             tests/golden/*.txt tests/bad_inputs/* tests/files/*)
OCTAVE_FILES := $(CORE) COPYING $(wildcard octave/DESCRIPTION octave/INDEX octave/NEWS \
                  octave/inst/*.m octave/inst/private/*.m \
                  octave/src/*.cc octave/src/*.h octave/src/Makefile)
STAMP = $(shell git log -1 --format=%ct 2>/dev/null || echo 0)

dist: consistent $(R_TARBALL) $(OCTAVE_TARBALL)

# One version number in all the places that show it, and src/Makevars names the whole core.
consistent:
	@for v in "`sed -n 's/^Version: *//p' octave/DESCRIPTION`" \
	  "`sed -n 's/^#define BPTT_VERSION "\(.*\)"/\1/p' csrc/bptt.h`" \
	  "`sed -n '1s/^# bptt //p' NEWS.md`" "`sed -n 's/^bptt \([0-9.]*\).*/\1/p;q' octave/NEWS`"; do \
	  test "$$v" = "$(VERSION)" || { echo "DESCRIPTION says $(VERSION), another file '$$v'"; exit 1; }; \
	done
	@for f in $(patsubst csrc/%.c,core/%.o,$(filter %.c,$(CORE))); do \
	  grep -q "$$f" src/Makevars || { echo "src/Makevars lacks $$f"; exit 1; }; done

# R CMD build works in a copy without what was built here, and it throws away the output and the
# status of cleanup, which puts the core in: look at the result. To build the vignette it installs the
# package: make and the tests do with a tarball that has none.
# $(1): the flags of R CMD build
define build_r
	@rm -rf build/stage/$(@D) && mkdir -p build/stage/$(@D)/bptt $(@D)
	tar -cf - --exclude-vcs --exclude=./build --exclude=./dist --exclude=./src/core \
	  --exclude='*.o' --exclude='*.so' --exclude='*.oct' . | tar -xf - -C build/stage/$(@D)/bptt
	cd $(@D) && R CMD build $(1) $(CURDIR)/build/stage/$(@D)/bptt
	@test `tar -tzf $@ | grep -c '/src/core/.*\.[ch]$$'` -eq $(words $(CORE)) || \
	  { echo "$@ lacks a part of the core"; rm $@; exit 1; }
	@rm -rf build/stage/$(@D)
endef
$(R_TARBALL): $(R_FILES) $(wildcard vignettes/*)
	$(call build_r,)
build/bare/$(notdir $(R_TARBALL)): $(R_FILES)
	$(call build_r,--no-build-vignettes)

$(OCTAVE_TARBALL): $(OCTAVE_FILES)
	@rm -rf build/stage/octave && mkdir -p build/stage/octave/bptt-$(VERSION)/src/core dist
	cp COPYING $(filter octave/DESCRIPTION octave/INDEX octave/NEWS,$^) build/stage/octave/bptt-$(VERSION)
	cp -r octave/inst build/stage/octave/bptt-$(VERSION)
	cp $(filter octave/src/%,$^) build/stage/octave/bptt-$(VERSION)/src
	cp $(CORE) build/stage/octave/bptt-$(VERSION)/src/core
	tar -C build/stage/octave --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
	  --mtime=@$(STAMP) -cf - bptt-$(VERSION) | gzip -9n > $@
	@rm -rf build/stage/octave

# Installed from tarballs, as a user would, but into build/.
build/r.stamp: build/bare/$(notdir $(R_TARBALL))
	@mkdir -p build/Rlib
	R CMD INSTALL -l build/Rlib $<
	@touch $@

build/octave.stamp: $(OCTAVE_TARBALL)
	@rm -rf build/opkg && mkdir -p build/opkg
	@printf '%s\n' "pkg prefix $(CURDIR)/build/opkg $(CURDIR)/build/opkg;" \
	  "pkg local_list $(CURDIR)/build/opkg/list;" > build/octaverc
	$(OCTAVE) --eval "pkg install -local $<"
	@echo "pkg load bptt;" >> build/octaverc
	@touch $@

# ---------------------------------------------------------------------------- demo

demo: all
	@mkdir -p build/demo
	Rscript demo/demo.R
	$(OCTAVE) demo/demo.m

# The notebooks afresh, into build/notebooks. KEEP=1: they become those in notebooks/.
notebooks: all
	@rm -rf build/notebooks && mkdir -p build/notebooks
	@$(SUITE) notebooks/all tools/notebooks.sh build/notebooks
	$(if $(KEEP),cp build/notebooks/*.ipynb notebooks)

# ---------------------------------------------------------------------------- tests

# The core by itself, with different compilers and flags: every tests/core/test_*.c is a program,
# what else is in that folder is linked into all of them.
core_tests := $(patsubst tests/core/%.c,%,$(wildcard tests/core/test_*.c))
core_objects := $(patsubst csrc/%.c,%.o,$(filter %.c,$(CORE)))
test_objects := $(patsubst tests/core/%.c,%.o,$(filter-out tests/core/test_%,$(wildcard tests/core/*.c)))

# $(1): the name, $(2): the compiler and its flags, $(3): the name of another whose core it takes
define core
build/$(1)/%.o: csrc/%.c $(filter %.h,$(CORE))
	@mkdir -p $$(@D)
	$(2) $(CWARN) -std=gnu11 -fPIC -c $$< -o $$@
build/$(1)/%.o: tests/core/%.c $(filter %.h,$(CORE)) $(wildcard tests/core/*.h)
	@mkdir -p $$(@D)
	$(2) $(CWARN) -std=gnu11 -Icsrc -c $$< -o $$@
build/$(1)/test_%: build/$(1)/test_%.o $(core_objects:%=build/$(or $(3),$(1))/%) \
    $(test_objects:%=build/$(1)/%)
	$(2) $$^ -lm -lpthread -o $$@
$(1): $(core_tests:%=build/$(1)/%)
endef
# -g1: stacks have their lines. What else -g keeps takes longer to find than the code to compile.
ASAN := -g1 -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
.SECONDARY: # objects are kept
$(eval $(call core,core-gcc,$(CC) -g1 -O2))
# Pieces so small that short sequences go through every loop, and threads for the least work.
SMALL := -DK_PIECE=5 -DCOLUMN_PIECE=5 -DREADOUT_PIECE=3 -DSEGMENT=7 -DTEAM_WORK=1 -DMEETING_WORK=1 \
  -DCROWDED_SECONDS=0
$(eval $(call core,core-small,$(CC) -O2 $(SMALL)))
$(eval $(call core,core-clang,$(CLANG) -O2))
$(eval $(call core,core-arm,aarch64-linux-gnu-gcc -O2 -static -DSTRIDE=100003 -DNO_FORK))
$(eval $(call core,core-asan,$(CC) $(ASAN)))
$(eval $(call core,core-tsan,$(CC) -g1 -O1 -fsanitize=thread -DNO_FORK $(SMALL)))
$(eval $(call core,core-valgrind,$(CC) -g1 -O1 -DWORKSPACE_UNDEFINED -DSTRIDE=100003,core-gcc))

test: consistent test-core test-r test-octave test-cross test-tasks test-bench test-kill \
  test-terminal test-notebooks
	@$(SUITE) --sum test

test-core: core-gcc core-small $(if $(CLANG),core-clang)
	$(if $(CLANG),,@echo "there is no clang here: the core is tested with gcc alone")
	@ok=true; for c in $^; do for t in $(core_tests); do \
	  $(SUITE) test/$$c-$$t build/$$c/$$t || ok=false; done; done; $$ok

# Training that is killed again and again.
test-kill: build/kill/kill
	@$(SUITE) test/kill $<

build/kill/kill: tests/kill/kill.c $(addprefix build/core-gcc/,$(core_objects) $(test_objects))
	@mkdir -p $(@D)
	$(CC) -O2 $(CWARN) -std=gnu11 -Itests/core -Icsrc $^ -lm -pthread -o $@

test-r: build/r.stamp
	@$(SUITE) test/R Rscript tools/test.R

test-octave: build/octave.stamp
	@$(SUITE) test/octave $(OCTAVE) tests/octave/run_tests.m

# Ctrl-C in a terminal.
test-terminal: all
	@OCTAVE="$(OCTAVE)" $(SUITE) test/terminal tests/terminal/run.sh

test-cross: all
	@$(SUITE) test/cross tests/cross/run.sh

# What training is for: some tasks learnt, in R and in Octave.
test-tasks: all
	@$(SUITE) test/tasks tests/tasks/run.sh

# bench/accuracy.R on small files.
test-bench: build/r.stamp
	@$(SUITE) test/bench Rscript tests/bench/accuracy.R

# The code of the notebooks, without Jupyter.
test-notebooks: all
	@$(SUITE) test/notebooks Rscript tools/notebooks.R build/test-notebooks $(OCTAVE)

# Files that R has exported, loaded by PyTorch (Debian: python3-torch).
check-torch: build/r.stamp
	@rm -rf build/torch && mkdir -p build/torch
	@Rscript tests/files/export.R tests/files build/torch
	@$(SUITE) check/torch /usr/bin/python3 tests/files/make_files.py --check build/torch

# What of the check needs the network or a big LaTeX is switched off, nothing else.
check: consistent $(R_TARBALL)
	@rm -rf build/check && mkdir -p build/check
	@$(SUITE) check/R tools/check.sh $(R_TARBALL) build/check $(CHECK_FLAG)

# The core on another processor, emulated.
check-arm: core-arm
	@ok=true; for t in $(core_tests); do \
	  $(SUITE) arm/$$t qemu-aarch64 build/core-arm/$$t || ok=false; done; $$ok

# ---------------------------------------------------------------------------- sanitizers

# R and Octave are full of leaks of their own; keeping the stack of each of their many allocations
# makes them ten times slower.
SANITIZED := LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) \
    $$($(CC) -print-file-name=libubsan.so)" \
  ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:malloc_context_size=0 \
  UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

# What is written in R and Octave and reaches the core as others do, and what the core's own tests
# have under the same sanitizers.
slow_in_r := fable|tsibble|backtest|tune|forecast|rnnar|golden|layers|losses|gradcheck|metrics
slow_in_octave := rnnar rnn_backtest rnn_tune rnn_forecast __rnn_tune_one__ __rnn_backtest_block__ \
  rnn_gradcheck rnn_metrics golden gradcheck

sanitize: sanitize-core sanitize-threads sanitize-r sanitize-octave valgrind
	@$(SUITE) --sum sanitize

sanitize-core: core-asan
	@ok=true; for t in $(filter-out test_threads,$(core_tests)) 'test_threads 0 2'; do \
	  $(SUITE) sanitize/$${t%% *} build/core-asan/$$t || ok=false; done; $$ok

# Races between the threads, which a few of the problems show as well as many. test_resume is what
# trains networks side by side.
sanitize-threads: core-tsan
	@ok=true; for t in 'test_threads 0 3' 'test_reference 0 42' 'test_resume 2003'; do \
	  $(SUITE) sanitize/tsan-$${t%% *} build/core-tsan/$$t || ok=false; done; $$ok

# Both take the core as its own tests have had it compiled: make finds its objects up to date.
asan_core := $(core_objects:%=build/core-asan/%)

sanitize-r: build/bare/$(notdir $(R_TARBALL)) $(asan_core)
	@rm -rf build/asan/R build/asan/Rlib && mkdir -p build/asan/R build/asan/Rlib
	@echo 'CFLAGS = $(ASAN) $(CWARN)' > build/asan/Makevars
	tar -xzf $< -C build/asan/R --strip-components=1
	cp $(asan_core) build/asan/R/src/core
	R_MAKEVARS_USER=$(CURDIR)/build/asan/Makevars \
	  R CMD INSTALL --no-test-load -l build/asan/Rlib build/asan/R
	@R_LIBS=$(CURDIR)/build/asan/Rlib $(SUITE) sanitize/R env $(SANITIZED) Rscript tools/test.R '$(slow_in_r)'

sanitize-octave: $(OCTAVE_TARBALL) $(asan_core)
	@rm -rf build/asan/octave && mkdir -p build/asan/octave
	tar -xzf $< -C build/asan/octave --strip-components=1
	cp $(asan_core) build/asan/octave/src
	CFLAGS='$(ASAN) -fPIC' CXXFLAGS='$(ASAN) -fPIC' \
	  $(MAKE) -C build/asan/octave/src WERROR=1
	@OCTAVE_SITE_INITFILE= OCTAVE_PATH=$(CURDIR)/build/asan/octave/inst:$(CURDIR)/build/asan/octave/src \
	  $(SUITE) sanitize/octave env $(SANITIZED) $(OCTAVE) tests/octave/run_tests.m $(slow_in_octave)

# valgrind's processor has no AVX-512; what it has is what the core then sees. Where the kernels are
# not the matter, the instructions make no difference.
few := 'test_reference 0 42' 'test_gradcheck 0 100' 'test_resume 2003'
valgrind: core-valgrind
	@ok=true; for t in $(filter-out test_threads test_reference test_gradcheck test_resume,$(core_tests)) $(few); do \
	  case $$t in test_array | test_kernels | test_ref* | test_golden) isas='portable avx2' ;; \
	    *) isas=avx2 ;; esac; \
	  for isa in $$isas; do \
	  BPTT_ISA=$$isa $(SUITE) sanitize/valgrind-$$isa-$${t%% *} valgrind --quiet \
	    --leak-check=full --error-exitcode=99 build/core-valgrind/$$t || ok=false; \
	done; done; $$ok

# ---------------------------------------------------------------------------- the rest

# Contenders written in C and C++; what oneDNN's needs may not be there.
bench_programs := $(addprefix build/bench/,ours peak train $(if $(wildcard /usr/include/dnnl.hpp),onednn))
build/bench/ours: bench/ours.c $(patsubst csrc/%.c,build/core-gcc/%.o,$(filter %.c,$(CORE)))
	@mkdir -p $(@D)
	$(CC) -O2 $(CWARN) -std=gnu11 -Icsrc $^ -lm -pthread -o $@
build/bench/peak: bench/peak.c
	@mkdir -p $(@D)
	$(CC) -O2 $(CWARN) -std=gnu11 $< -o $@
# The linker leads calls of bptt_step() through the program, which times them.
build/bench/train: bench/train.c tests/core/host.c $(patsubst csrc/%.c,build/core-gcc/%.o,$(filter %.c,$(CORE)))
	@mkdir -p $(@D)
	$(CC) -O2 $(CWARN) -std=gnu11 -Icsrc -Itests/core -Wl,--wrap=bptt_step $^ -lm -pthread -o $@
build/bench/onednn: bench/onednn.cpp
	@mkdir -p $(@D)
	$(CXX) -O2 $(CWARN) -fopenmp $< -ldnnl -o $@

bench: all $(bench_programs)
	@Rscript bench/run.R

# The parts of kernel.h name their functions N(name), which clang-format breaks lines after; and it
# knows no GNU style for the Octave gateway.
KERNEL := $(shell sed -n 's/^.include "\(.*\.h\)"/csrc\/\1/p' csrc/kernel.h)
format:
	clang-format -i $(filter-out csrc/kernel.h $(filter-out csrc/engine.h csrc/dropout.h csrc/loss.h csrc/optimizer.h csrc/update.h,$(KERNEL)),$(CORE)) \
	  $(wildcard src/*.c src/*.h tests/core/*.c tests/core/*.h tests/kill/*.c bench/*.c bench/*.cpp)
	@Rscript -e 'if (!requireNamespace("styler", quietly = TRUE)) {' \
	  -e '  cat("styler is not installed: the R files are left as they are\n")' \
	  -e '} else styler::style_file(Sys.glob(c("R/*.R", "tests/*/*.R", "demo/*.R", "bench/*.R")))'

clean:
	rm -rf build dist src/core src/*.o src/*.so
	$(MAKE) -C octave/src clean

.PHONY: all deps bench-deps arm-deps check-arm check-torch core-arm dist consistent demo notebooks test test-core test-r test-octave test-cross test-tasks test-bench \
  test-kill test-terminal test-notebooks check \
  sanitize sanitize-core sanitize-threads sanitize-r sanitize-octave valgrind core-gcc core-small \
  core-clang core-asan core-tsan core-valgrind bench format clean
