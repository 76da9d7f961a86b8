// Memory with an output register: what is read in one clock is there two clocks later.
// Where AUGEND_SPRAM is defined, large ones have one port, as single-port RAM needs it; that is no
// difference, for nothing is loaded while reading.
module augend_loaded_memory #(
    parameter WIDTH = 1,
    parameter DEPTH = 1,
    parameter ADDRESS = 1
) (
    input                    clk,
    input      [ADDRESS-1:0] address,
    input                    enable,
    output reg [WIDTH-1:0]   data,
    input                    load,
    input      [ADDRESS-1:0] load_address,
    input      [WIDTH-1:0]   load_data
);
`ifdef AUGEND_SPRAM
    localparam ONE_PORT = DEPTH >= 4096;
`else
    localparam ONE_PORT = 0;
`endif
    (* no_rw_check, ram_style = "block" *)
    reg [WIDTH-1:0] rows [0:DEPTH-1];
    reg [WIDTH-1:0] read;

    generate
        if (ONE_PORT) begin : one_port
            wire [ADDRESS-1:0] at;
            assign at = load ? load_address : address;
            always @(posedge clk)
                if (load) rows[at] <= load_data;
                else if (enable) read <= rows[at];
        end else begin : two_ports
            always @(posedge clk) begin
                if (enable) read <= rows[address];
                if (load) rows[load_address] <= load_data;
            end
        end
    endgenerate

    always @(posedge clk) data <= read;
endmodule
