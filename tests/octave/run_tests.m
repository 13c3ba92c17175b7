## Runs the tests beside the functions of the package and those in this folder.  Prints what failed
## and a last line "N passed, N failed"; exits with 1 if anything failed.
##
##   octave-cli --no-init-file --no-history tests/octave/run_tests.m [NAMES THAT ARE LEFT OUT]
##
## tests the package that is loaded, or else the one in octave/, where make has to be run before.

1;

function [passed, failed] = run_file (file)

  log = tempname ();
  fid = fopen (log, "w+");
  [passed, n] = test (file, "quiet", fid);
  failed = n - passed;
  if (n == 0)
    printf ("%s: has no tests\n", file);
    failed = 1;
  elseif (failed > 0)
    frewind (fid);
    ## Without the values of the shared variables.
    printf ("%s", regexprep (fread (fid, "*char")', '^shared variables.*?(?=^\*{5}|\Z)', "",
                             "lineanchors"));
  endif
  fclose (fid);
  unlink (log);
  printf ("%-24s %4d passed %4d failed\n", [nthargout(2, @fileparts, file), "  "],
          passed, failed);

endfunction

function run_all (here, left_out)

  if (exist ("rnn_net") == 0)
    addpath (fullfile (here, "..", "..", "octave", "inst"));
    addpath (fullfile (here, "..", "..", "octave", "src"));
  endif
  addpath (here);   # what the tests share

  files = [glob(fullfile (fileparts (which ("rnn_net")), "*.m"));
           glob(fullfile (fileparts (which ("__bptt__")), {"bptt_*.cc*", "rnn_*.cc*"}));
           glob(fullfile (here, "*.tst"))];
  name = cellfun (@(file) nthargout (2, @fileparts, file), files, "UniformOutput", false);
  files(ismember (name, left_out)) = [];
  passed = failed = 0;
  for k = 1:numel (files)
    [p, f] = run_file (files{k});
    passed += p;
    failed += f;
  endfor
  printf ("%d passed, %d failed\n", passed, failed);
  exit (failed > 0);

endfunction

page_screen_output (false);
run_all (fileparts (mfilename ("fullpath")), argv ());
